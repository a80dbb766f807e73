// The chart of a conversation, transition by transition. A turn begins only at rest or from the queue. The chart
// ensures this by construction, and these tests show it for every state.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StateValue } from "xstate";
import { conversationMachine } from "../../machines/conversation.ts";
import { ChartTable } from "../support/chart-table.ts";

const test = suite("the conversation's chart");
const table = new ChartTable({
  machine: conversationMachine,
  guards: [
    "answerIsUnsealed",
    "turnWasCrashed",
    "isClosed",
    "textsWait",
    "textsCarryOver",
    "textsCameMeanwhile",
    "conversationExists",
    "isTheTurnMeant",
    "nobodyIsThere",
    "agentHasEnded",
  ],
  context: { conversationId: "c" },
  entries: { generating: { from: "opening", on: "turn.opened" } },
});

const storing = (where: "sealing" | "recovering"): StateValue => ({ [where]: "storing" });
const waiting = (where: "sealing" | "recovering"): StateValue => ({ [where]: "waitingForStore" });
const at = (where: string): StateValue => ({ resting: where });

/** The states in which something is under way and no turn may begin. */
const busy: StateValue[] = [
  "generating",
  "stopping",
  storing("sealing"),
  waiting("sealing"),
  storing("recovering"),
  waiting("recovering"),
  "compacting",
];
const resting = ["idle", "queued", "closed"].map(at);

test("at rest, a requested turn or compaction begins", () => {
  for (const value of resting) {
    table.take({ in: value, on: "turn.start", to: "opening", does: ["store: open"] });
    table.take({ in: value, on: "text.queue", to: "opening", does: ["store: open"] });
    table.take({ in: value, on: "compaction.start", to: "compacting", does: ["beginCompaction"] });
  }
});

test("while anything is under way no turn begins, texts are queued, and a compaction is refused", () => {
  for (const value of busy) {
    table.take({ in: value, on: "turn.start", to: value, does: ["refuseTurn"] });
    table.take({ in: value, on: "text.queue", to: value, does: ["queueText"] });
    table.take({ in: value, on: "compaction.start", to: value, does: ["refuseCompaction"] });
  }
});

test("a turn is accepted when it is stored, and a refused turn leaves the conversation as it was", () => {
  table.take({ in: "opening", on: "turn.opened", to: "generating" });
  table.take({ in: "opening", on: "turn.refused", to: at("idle") });
  table.take({ in: "opening", on: "turn.refused", if: ["textsWait"], to: at("queued") });
  table.take({ in: "opening", on: "turn.refused", if: ["isClosed"], to: at("closed") });
  table.take({ in: "opening", on: "turn.refused", if: ["nobodyIsThere"], to: "gone" });
});

test("a turn whose agent has ended is sealed at once; otherwise the agent gets agentStopTime to end", () => {
  const output = { agentHasEnded: true };
  const done = { type: "xstate.done.actor.turn", output };
  table.take({ in: "generating", on: done, if: ["agentHasEnded"], to: storing("sealing"), does: ["store: seal"] });
  table.take({ in: "generating", on: done, to: "stopping" });
  table.take({ in: "stopping", on: "agent.ended", to: storing("sealing"), does: ["store: seal"] });
  const late = "xstate.after.agentStopTime.conversation.stopping";
  table.take({ in: "stopping", on: late, to: storing("sealing"), does: ["abandonAgent", "store: seal"] });
});

test("a turn whose actor fails is sealed like any other", () => {
  const failed = { type: "xstate.error.actor.turn", error: new Error("a defect") };
  table.take({ in: "generating", on: failed, to: "stopping", does: ["failTurn"] });
});

test("only the requested turn is cancelled, and only while it is generating", () => {
  const does = ["answerCancelled", "turn ← turn.cancel"];
  table.take({ in: "generating", on: "turn.cancel", if: ["isTheTurnMeant"], to: "generating", does });
  table.take({ in: "generating", on: "turn.cancel", to: "generating" });
  table.take({ in: "generating", on: "turn.interrupt", to: "generating", does: ["turn ← turn.interrupt"] });
  for (const value of [...busy.slice(1), ...resting]) {
    table.take({ in: value, on: "turn.cancel", if: ["isTheTurnMeant"], to: value });
    table.take({ in: value, on: "turn.interrupt", to: value });
  }
});

test("sealing is retried until it succeeds, and then the queued texts open the next turn", () => {
  for (const where of ["sealing", "recovering"] as const) {
    table.take({ in: storing(where), on: "store.failed", to: waiting(where) });
    const pause = `xstate.after.sealRetryPause.conversation.${where}.waitingForStore`;
    const does = [where === "sealing" ? "store: seal" : "store: recover"];
    table.take({ in: waiting(where), on: pause, to: storing(where), does });
    table.take({ in: storing(where), on: "turn.stored", to: at("idle") });
  }
  const carries = { on: "turn.stored", if: ["textsCarryOver"], to: "opening", does: ["store: open"] };
  table.take({ in: storing("sealing"), ...carries });
});

test("a new conversation actor first finishes what a defect or a crash has left behind", () => {
  const does = { answerIsUnsealed: ["store: seal"], turnWasCrashed: ["store: recover"] };
  const all = ["turnWasCrashed", "isClosed", "textsWait", "nobodyIsThere"];
  const sealing = { to: storing("sealing"), does: does.answerIsUnsealed };
  table.take({ in: "opening", on: "turn.refused", if: ["answerIsUnsealed", ...all], ...sealing });
  const recovering = { to: storing("recovering"), does: does.turnWasCrashed };
  table.take({ in: "opening", on: "turn.refused", if: all, ...recovering });
});

test("a close marks the conversation and ends its turn", () => {
  for (const value of resting) {
    const closes = { on: "conversation.close", if: ["conversationExists"], to: at("closed"), does: ["markClosed"] };
    table.take({ in: value, ...closes });
    table.take({ in: value, on: "conversation.close", to: value });
  }
  const does = ["markClosed", "answerCancelled", "turn ← turn.cancel"];
  table.take({ in: "generating", on: "conversation.close", to: "generating", does });
  for (const value of busy.slice(1)) {
    table.take({ in: value, on: "conversation.close", to: value, does: ["markClosed"] });
  }
});

test("a text can be withdrawn in every state, and withdrawing the last one leaves the conversation idle", () => {
  for (const value of [...busy, ...resting]) {
    table.take({ in: value, on: "text.withdraw", to: value, does: ["withdrawText"] });
  }
  table.take({ in: at("queued"), on: "queue.emptied", to: at("idle") });
  table.take({ in: at("queued"), on: "queue.emptied", if: ["nobodyIsThere"], to: "gone" });
});

test("texts that were queued during a compaction open a turn after it", () => {
  table.take({ in: "compacting", on: "compaction.abort", to: "compacting", does: ["abortCompaction"] });
  table.take({ in: "compacting", on: "compaction.finished", to: at("idle") });
  const carries = { if: ["textsCameMeanwhile"], to: "opening", does: ["store: open"] };
  table.take({ in: "compacting", on: "compaction.finished", ...carries });
});

test("it ends when it has no watcher and nothing is queued, and stays otherwise", () => {
  table.take({ in: at("idle"), on: "everyone.left", to: "gone" });
  table.take({ in: at("closed"), on: "everyone.left", to: "gone" });
  for (const value of [...busy, at("queued")]) table.take({ in: value, on: "everyone.left", to: value });
  const closedForNobody = { if: ["isClosed", "nobodyIsThere"], to: "gone" };
  table.take({ in: "opening", on: "turn.refused", ...closedForNobody });
});

test("when the process ends it leaves from every state", () => {
  for (const value of [...busy, ...resting, "opening"]) {
    table.take({ in: value, on: "conversation.leave", to: "gone", does: ["letGo"] });
  }
});

test("an empty table misses every transition", () => {
  const empty = new ChartTable({ machine: conversationMachine, guards: [], context: {} });
  assert.ok(empty.missing().includes("conversation.stopping agent.ended 0"));
  assert.ok(empty.missing().includes("conversation.settling always 4"));
  assert.ok(empty.missing().length > 40);
});

test("these tests take every transition", () => {
  assert.equal(table.missing(), []);
});

test.run();
