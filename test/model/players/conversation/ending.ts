// How turns and compactions of the conversation model end: because of the agent, or because a timer expires. It must
// never elapse a delay for which no timer runs.
import * as assert from "uvu/assert";
import { fixtureLimits } from "../../fixtures.ts";
import type { ConversationModelEvent } from "../../models/conversation.ts";
import { fullDisk, type Visit } from "./visit.ts";

type Events = Record<
  Extract<ConversationModelEvent["type"], `agent.${string}` | `${string}.passes`>,
  (visit: Visit) => Promise<void>
>;

const sealing = { up: "sealing" };

/** The turn's end is stored, or the disk refuses it. Once it is stored, a queued text opens the next turn. */
export async function seals(visit: Visit, happen: () => void, event: ConversationModelEvent): Promise<void> {
  const runs = visit.puppets.all.length;
  happen();
  visit.advance(event);
  if (visit.is(sealing)) return;
  visit.story.seals();
  if (visit.isGenerating) await visit.begins(undefined, runs);
}

/** The compaction ends with this answer. A text that was queued meanwhile then opens a turn. */
async function endsCompaction(
  visit: Visit,
  event: ConversationModelEvent,
  happen: () => void,
  expected: { status: number; error?: string },
): Promise<void> {
  const runs = visit.puppets.all.length;
  happen();
  const answer = await visit.compaction;
  visit.compaction = undefined;
  assert.is(answer?.status, expected.status);
  if (expected.error !== undefined) assert.equal(answer?.body, { error: expected.error });
  else {
    const done = answer?.body as Record<string, unknown>;
    const { newConversationId } = done;
    const broadcast = { type: "conversation.compacted", conversationId: visit.id, newConversationId };
    for (const client of [visit.person, visit.onlooker]) {
      const { messagesKept, messagesSummarized, ...rest } = await client.next("conversation.compacted");
      assert.equal(rest, broadcast);
      assert.equal({ ...broadcast, messagesKept, messagesSummarized }, { type: broadcast.type, ...done });
      assert.is(messagesKept, 0);
    }
    visit.story.compacts("the summary");
  }
  visit.advance(event);
  if (visit.isGenerating) await visit.begins(undefined, runs);
}

/** Lets the server's timer with this delay expire. Exactly one such timer must be running. */
function passes({ server }: Visit, delayMs: number): void {
  assert.is(server.clock.elapse(delayMs), 1, "exactly one timer with this delay runs");
}

export const ending: Events = {
  async "agent.finishes"(visit) {
    visit.story.concludes("stop");
    await seals(visit, () => visit.puppet.finish(), { type: "agent.finishes" });
  },
  "agent.leaves": (visit) => seals(visit, () => visit.puppet.finish(), { type: "agent.leaves" }),
  async "stopTime.passes"(visit) {
    const { lines } = visit.server;
    const leftBehind = (): number => lines.filter(({ message }) => message.includes("was abandoned")).length;
    const before = leftBehind();
    await seals(visit, () => passes(visit, fixtureLimits.agentStopMs), { type: "stopTime.passes" });
    assert.is(leftBehind(), before + 1, "the log names the agent that did not end");
  },
  async "retryPause.passes"(visit) {
    const pass = (): void => passes(visit, fixtureLimits.sealRetryMs);
    if (visit.is(sealing)) return seals(visit, pass, { type: "retryPause.passes" });
    pass();
    visit.advance({ type: "retryPause.passes" });
    if (visit.isResting) visit.story.recovers();
  },
  async "agent.sumsUp"(visit) {
    const sumUp = (): void => {
      visit.puppet.say({ type: "text-delta", delta: "the summary" });
      visit.puppet.finish();
    };
    const error = `nothing was compacted: ${fullDisk.message}`;
    const expected = visit.signals.diskIsFull ? { status: 507, error } : { status: 200 };
    await endsCompaction(visit, { type: "agent.sumsUp" }, sumUp, expected);
  },
  async "agent.failsToSumUp"(visit) {
    const fail = (): void => visit.puppet.fail(new Error("it has no words"));
    const error = "nothing was compacted: it has no words";
    await endsCompaction(visit, { type: "agent.failsToSumUp" }, fail, { status: 500, error });
  },
  async "summaryTime.passes"(visit) {
    const pass = (): void => passes(visit, fixtureLimits.compactionMs);
    const error = "nothing was compacted: the model did not finish the summary within 101 seconds";
    await endsCompaction(visit, { type: "summaryTime.passes" }, pass, { status: 500, error });
  },
};
