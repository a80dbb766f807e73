// The requests of the person in the conversation model, over the WebSocket and over HTTP, and the expected answers. It
// must never send a request before the last one was answered, or was handled if it gets no answer.
import * as assert from "uvu/assert";
import type { ConversationModelEvent } from "../../models/conversation.ts";
import { queueSeenBy } from "../wire.ts";
import { fullDisk, refusesTurns, type Visit } from "./visit.ts";

type Events = Record<Extract<ConversationModelEvent["type"], `person.${string}`>, (visit: Visit) => Promise<void>>;

const refusals = {
  running: "a turn is already generating for this conversation",
  disk: `this could not be stored: ${fullDisk.message}`,
  refuses: refusesTurns,
  queueIsFull: "at most 1 texts may wait in a conversation",
  compacting: "a turn or a compaction is running in this conversation; try again when it has ended",
};

/** Why the server refuses to begin a turn while the conversation rests. */
const reasonAtRest = ({ signals }: Visit): string => (signals.refuses ? refusals.refuses : refusals.disk);

/** Sends a text by chat.send or chat.queue. At rest it begins a turn or is refused, else it is refused or queued. */
async function says(visit: Visit, type: "chat.send" | "chat.queue"): Promise<void> {
  const { story, signals } = visit;
  const wasResting = visit.isResting;
  const runs = visit.puppets.all.length;
  const text = visit.nextText();
  const refusal = wasResting ? reasonAtRest(visit) : refusalWhileBusy(visit, type);
  if (!signals.watched) visit.looksAnew();
  visit.tell(type === "chat.send" ? { type, message: text } : { type, text });
  visit.advance({ type: type === "chat.send" ? "person.sends" : "person.queues" });
  if (wasResting && visit.isGenerating) await visit.begins(text, runs);
  else if (!wasResting && type === "chat.queue" && !signals.waits && visit.signals.waits) story.waiting = text;
  else await visit.refused(refusal);
  if (visit.signals.watched) story.isWatched();
}

function refusalWhileBusy({ signals }: Visit, type: "chat.send" | "chat.queue"): string {
  if (type === "chat.send") return refusals.running;
  return signals.waits ? refusals.queueIsFull : refusals.disk;
}

export const asking: Events = {
  "person.sends": (visit) => says(visit, "chat.send"),
  "person.queues": (visit) => says(visit, "chat.queue"),
  async "person.queuesOverHttp"(visit) {
    const runs = visit.puppets.all.length;
    const text = visit.nextText();
    const answer = await visit.http("POST", "/queue", { text });
    const reason = reasonAtRest(visit);
    const { refuses } = visit.signals;
    visit.advance({ type: "person.queuesOverHttp" });
    if (visit.isResting) {
      assert.equal(answer, { status: refuses ? 503 : 507, body: { error: reason } });
      return;
    }
    assert.equal(answer, { status: 200, body: { conversationId: visit.id, startedTurn: true, queue: [] } });
    await visit.begins(text, runs);
  },
  async "person.withdraws"(visit) {
    const [message] = queueSeenBy(visit.onlooker);
    visit.tell({ type: "chat.queue.cancel", messageId: message?.["id"] });
    await visit.person.barrier();
    visit.advance({ type: "person.withdraws" });
    if (!visit.signals.waits) visit.story.waiting = undefined;
  },
  async "person.cancels"(visit) {
    const wasGenerating = visit.isGenerating;
    const turnId = wasGenerating
      ? visit.person.transcript(visit.id, visit.watchedSince).turns.at(-1)?.turnId
      : undefined;
    visit.tell({ type: "chat.cancel", ...(turnId !== undefined && { turnId }) });
    visit.advance({ type: "person.cancels" });
    if (wasGenerating) visit.story.concludes("aborted");
  },
  async "person.cancelsAnother"(visit) {
    visit.tell({ type: "chat.cancel", turnId: "another" });
    assert.equal(visit.server.embedded.cancelTurn(visit.id, "another"), { cancelled: false });
    visit.advance({ type: "person.cancelsAnother" });
  },
  async "person.stopsOverHttp"(visit) {
    const abortedTurn = visit.isGenerating;
    const answer = await visit.http("POST", "/stop");
    assert.equal(answer, { status: 200, body: { conversationId: visit.id, abortedTurn } });
    visit.advance({ type: "person.stopsOverHttp" });
    if (abortedTurn) visit.story.concludes("aborted");
  },
  async "person.closes"(visit) {
    const abortedTurn = visit.isGenerating;
    const answer = await visit.http("POST", "/close");
    assert.equal(answer, { status: 200, body: { conversationId: visit.id, abortedTurn } });
    visit.advance({ type: "person.closes" });
    visit.story.waiting = undefined;
    if (abortedTurn) visit.story.concludes("aborted");
  },
  async "person.compacts"(visit) {
    const runs = visit.puppets.all.length;
    const answer = visit.http("POST", "/compact");
    const wasResting = visit.isResting;
    visit.advance({ type: "person.compacts" });
    if (visit.is({ up: "compacting" }) && wasResting) {
      visit.compaction = answer;
      // If the server goes down, this request may fail, and nothing awaits it then.
      answer.catch(() => {});
      await visit.puppets.after(runs);
      return;
    }
    const error = wasResting ? `there is no conversation ${visit.id}` : refusals.compacting;
    assert.equal(await answer, { status: wasResting ? 404 : 409, body: { error } });
  },
  async "person.watches"(visit) {
    visit.looksAnew();
    visit.tell({ type: "chat.subscribe" });
    visit.advance({ type: "person.watches" });
    visit.story.isWatched();
  },
  async "person.leaves"(visit) {
    visit.tell({ type: "chat.unsubscribe" });
    await visit.person.barrier();
    visit.looksAnew();
    visit.advance({ type: "person.leaves" });
    visit.story.isLeft();
  },
};
