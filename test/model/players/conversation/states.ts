// What must be true in each state of the conversation model: what the clients see over the WebSocket and HTTP, and what
// state the server's own actors are in. While the server is down: what the store holds.
import * as assert from "uvu/assert";
import { comes, surfaceSeenBy } from "../wire.ts";
import { lineOf, type Visit } from "./visit.ts";

/** Asserts the conversation's status over HTTP, and its activity, in the charts' words, on its surface. */
async function isShown(visit: Visit, activity: string): Promise<void> {
  await visit.settle();
  const { id, status } = visit;
  const isActive = status === "active";
  const answer = await visit.http("GET", "/status");
  assert.equal(answer, { status: 200, body: { conversationId: id, isActive, status } });
  const shown = (): unknown =>
    surfaceSeenBy(visit.onlooker, "conversation")
      .map(({ label, value }) => [label, value])
      .slice(2);
  const expected = [["State", activity], ...(isActive ? [["Stop", undefined]] : [])];
  await comes(visit.onlooker, shown, expected, "the conversation's surface");
}

async function hasHistory(visit: Visit): Promise<void> {
  const { body } = await visit.http("GET");
  const { chunks, latestSeq } = body as { chunks: Parameters<typeof lineOf>[0][]; latestSeq: number };
  assert.equal(chunks.map(lineOf), visit.story.stored);
  assert.is(latestSeq, visit.story.stored.length);
}

async function isResting(visit: Visit): Promise<void> {
  const { watched, waits } = visit.signals;
  const name = visit.status;
  await isShown(visit, name);
  await hasHistory(visit);
  await visit.actorsAre(watched || waits ? { resting: name } : undefined);
}

async function isGenerating(visit: Visit): Promise<void> {
  await isShown(visit, "writing");
  await visit.actorsAre("generating", { running: { working: "writing" } });
  assert.not.ok(visit.puppet.run.signal.aborted);
}

export const states: Record<string, (visit: Visit) => Promise<void>> = {
  "up.resting": isResting,
  "up.generating": isGenerating,
  "mended.resting": isResting,
  "mended.generating": isGenerating,
  async "up.stopping.agentIsAsked"(visit) {
    await isShown(visit, "stopping");
    await visit.actorsAre("stopping");
    assert.ok(visit.puppet.run.signal.aborted, "the agent has been told to stop");
  },
  async "up.stopping.agentIsGone"(visit) {
    await isShown(visit, "stopping");
    await visit.actorsAre("stopping");
  },
  async "up.sealing"(visit) {
    await isShown(visit, "sealing");
    await visit.actorsAre({ sealing: "waitingForStore" });
  },
  async "up.recovering"(visit) {
    await isShown(visit, "recovering");
    await visit.actorsAre({ recovering: "waitingForStore" });
  },
  async "up.compacting"(visit) {
    await isShown(visit, "compacting");
    await visit.actorsAre("compacting");
    assert.is(visit.puppet.run.purpose, "summary");
  },
  async down(visit) {
    const { story, signals, id } = visit;
    visit.withStoreLeft((store) => {
      const { closed } = store.conversation(id) ?? {};
      const queue = store.queue(id).map(({ text }) => text);
      const unsealed = store.unsealedTurns().filter(({ turn }) => turn.conversationId === id).length;
      const left = { closed, queue, unsealed, history: store.chunks(id).map(lineOf) };
      const waiting = story.waiting === undefined ? [] : [story.waiting];
      const expected = { closed: signals.closed, queue: waiting, unsealed: signals.unsealed ? 1 : 0 };
      assert.equal(left, { ...expected, history: story.stored });
    });
  },
};
