// The end of a random history: all clients read, every turn ends, all clients unsubscribe and then resume, to get what
// happened meanwhile. Must never let a history pass if a message is missing or something is left behind.
import { surfaceKey } from "../oracle/messages.ts";
import { BrokenPromise, type Stage, turnsOfTheLoop, turnsToSettle } from "./stage.ts";
import type { Story } from "./story.ts";

/** Lets all clients read, ends every turn and every subscription. Then nothing may be missing or left behind. */
export async function endStory(story: Story, stage: Stage): Promise<void> {
  const { host, surface, cast } = story;
  host.refuses = undefined;
  host.opensLater = false;
  surface.answersLater = false;
  surface.failsNext = false;
  // A congested client must get this change when it has drained.
  surface.change(story.conversationIds);
  await turnsOfTheLoop(turnsToSettle);
  for (const name of cast.openNames) if (cast.isStalled(name)) cast.resume(name);
  await cast.barrier(...cast.openNames);
  // Requests of clients that have left were handled before their sockets ended.
  await othersAreGone(story, stage);
  await endTurns(story, stage);
  await story.rest();
  await everybodyLeaves(story, stage);
  await farewell(story, stage);
  await story.rest();
  await everybodyReturns(story);
  await oneReturnsTooLate(story, stage);
  await everybodyLeaves(story, stage);
}

/** Releases the conversations of the history. Clients that are still open may take part in the next one. */
export async function leaveStage({ host, surface, cast, conversationIds }: Story, stage: Stage): Promise<void> {
  for (const conversationId of conversationIds) {
    host.forget(conversationId);
    surface.forget(surfaceKey(surface.catalogEntry.id, conversationId));
  }
  stage.server.oracle = undefined;
  await stage.patience(() => host.leftovers() === 0);
  if (host.leftovers() > 0) throw new BrokenPromise(`${host.leftovers()} conversations are left`);
  cast.dismiss();
}

const openSockets = ({ cast }: Story, stage: Stage): number => cast.openNames.length + stage.free.length;

/** Waits until the server has noticed that the closed sockets are gone. */
export const othersAreGone = (story: Story, stage: Stage): Promise<void> =>
  stage.patience(() => stage.server.gateway.counts().sockets === openSockets(story, stage));

async function endTurns({ host, conversationIds }: Story, stage: Stage): Promise<void> {
  let isOver = false;
  const all = Promise.all(conversationIds.map((id) => host.endTurns(id))).then(() => {
    isOver = true;
  });
  await Promise.race([all, stage.patience(() => isOver)]);
}

async function everybodyLeaves(story: Story, stage: Stage): Promise<void> {
  const { host, surface, cast, conversationIds } = story;
  const surfaceId = surface.catalogEntry.id;
  for (const name of cast.openNames) {
    cast.post(name, { type: "unsubscribe", surfaceId });
    for (const conversationId of conversationIds) {
      cast.post(name, { type: "unsubscribe", surfaceId, conversationId });
      cast.post(name, { type: "chat.unsubscribe", conversationId });
    }
  }
  await cast.barrier(...cast.openNames);
  const left = (): string[] => {
    const { sockets, watches, surfaces } = stage.server.gateway.counts();
    const listeners = conversationIds.map((id) => host.listeners(id) - 1);
    const open = openSockets(story, stage);
    return [
      ...(sockets === open ? [] : [`the server has ${sockets} sockets where ${open} are open`]),
      ...(watches === 0 ? [] : [`${watches} watches are left`]),
      ...(surfaces === 0 ? [] : [`${surfaces} surfaces are left`]),
      ...(listeners.every((count) => count === 0) ? [] : ["subscriptions at the orchestrator are left"]),
    ];
  };
  await stage.patience(() => left().length === 0);
  if (left().length > 0) throw new BrokenPromise(left().join("\n"));
}

/** Plays a turn and changes the surface while no client watches. No client may get any of this. */
async function farewell(story: Story, stage: Stage): Promise<void> {
  for (const conversationId of story.conversationIds) {
    const text = story.text("farewell-");
    const conversation = story.oracle.conversation(conversationId);
    conversation.accepts(text, conversation.now);
    story.host.begin(conversationId, text);
  }
  await endTurns(story, stage);
  story.surface.change(story.conversationIds);
}

/**
 * Sheds the logs of sealed turns while the clients still watch. One client then resumes from the very start, and its
 * verdict must say that nothing is recovered.
 */
async function oneReturnsTooLate(story: Story, stage: Stage): Promise<void> {
  const { cast, conversationIds } = story;
  const name = cast.openNames.find((one) => cast.isV1(one));
  if (name === undefined) return;
  stage.forgetSealedTurns();
  for (const conversationId of conversationIds) {
    cast.post(name, { type: "chat.unsubscribe", conversationId }, "with an id");
    story.resume(name, conversationId, "of the very start", "with an id");
  }
  await story.rest();
}

/** All clients resume and get what happened meanwhile, although those turns have ended. */
async function everybodyReturns(story: Story): Promise<void> {
  for (const name of story.cast.openNames)
    for (const conversationId of story.conversationIds) story.resume(name, conversationId, "own", "with an id");
  await story.rest();
}
