// The conversation's chart, transition by transition. That a turn begins nowhere but at rest or out of the queue is
// true by construction, and shown here for every state.
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

/** Where something is under way, and no turn may begin. */
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

test("at rest, what is asked for begins", () => {
  for (const value of resting) {
    table.take({ in: value, on: "turn.start", to: "opening", does: ["openTurn"] });
    table.take({ in: value, on: "text.queue", to: "opening", does: ["openTurn"] });
    table.take({ in: value, on: "compaction.start", to: "compacting", does: ["beginCompaction"] });
  }
});

test("while anything is under way no turn begins, texts wait, and a compaction is refused", () => {
  for (const value of busy) {
    table.take({ in: value, on: "turn.start", to: value, does: ["refuseTurn"] });
    table.take({ in: value, on: "text.queue", to: value, does: ["queueText"] });
    table.take({ in: value, on: "compaction.start", to: value, does: ["refuseCompaction"] });
  }
});

test("a turn is accepted once it is stored; a refused one leaves the conversation as it was", () => {
  table.take({ in: "opening", on: "turn.opened", to: "generating" });
  table.take({ in: "opening", on: "turn.refused", to: at("idle") });
  table.take({ in: "opening", on: "turn.refused", if: ["textsWait"], to: at("queued") });
  table.take({ in: "opening", on: "turn.refused", if: ["isClosed"], to: at("closed") });
  table.take({ in: "opening", on: "turn.refused", if: ["nobodyIsThere"], to: "gone" });
});

test("a turn whose agent is through is sealed at once; else the agent is waited for, a while", () => {
  const output = { agentHasEnded: true };
  const done = { type: "xstate.done.actor.turn", output };
  table.take({ in: "generating", on: done, if: ["agentHasEnded"], to: storing("sealing"), does: ["sealTurn"] });
  table.take({ in: "generating", on: done, to: "stopping" });
  table.take({ in: "stopping", on: "agent.ended", to: storing("sealing"), does: ["sealTurn"] });
  const late = "xstate.after.agentStopTime.conversation.stopping";
  table.take({ in: "stopping", on: late, to: storing("sealing"), does: ["abandonAgent", "sealTurn"] });
});

test("a turn's actor that fails is sealed like any other", () => {
  const failed = { type: "xstate.error.actor.turn", error: new Error("a defect") };
  table.take({ in: "generating", on: failed, to: "stopping", does: ["failTurn"] });
});

test("only the turn that is meant is cancelled, and only while it is generating", () => {
  const does = ["answerCancelled", "turn ← turn.cancel"];
  table.take({ in: "generating", on: "turn.cancel", if: ["isTheTurnMeant"], to: "generating", does });
  table.take({ in: "generating", on: "turn.cancel", to: "generating" });
  table.take({ in: "generating", on: "turn.interrupt", to: "generating", does: ["turn ← turn.interrupt"] });
  for (const value of [...busy.slice(1), ...resting]) {
    table.take({ in: value, on: "turn.cancel", if: ["isTheTurnMeant"], to: value });
    table.take({ in: value, on: "turn.interrupt", to: value });
  }
});

test("sealing is tried until it succeeds, then the texts that came open the next turn", () => {
  for (const where of ["sealing", "recovering"] as const) {
    table.take({ in: storing(where), on: "store.failed", to: waiting(where) });
    const pause = `xstate.after.sealRetryPause.conversation.${where}.waitingForStore`;
    const does = [where === "sealing" ? "sealTurn" : "recoverTurn"];
    table.take({ in: waiting(where), on: pause, to: storing(where), does });
    table.take({ in: storing(where), on: "turn.stored", to: at("idle") });
  }
  const carries = { on: "turn.stored", if: ["textsCarryOver"], to: "carryingOver", does: ["openTurnFromQueue"] };
  table.take({ in: storing("sealing"), ...carries });
  table.take({ in: "carryingOver", on: "turn.opened", to: "generating" });
  table.take({ in: "carryingOver", on: "turn.refused", if: ["textsWait"], to: at("queued") });
});

test("a conversation that wakes looks first for what a defect or a crash has left", () => {
  const does = { answerIsUnsealed: ["sealTurn"], turnWasCrashed: ["recoverTurn"] };
  const all = ["turnWasCrashed", "isClosed", "textsWait", "nobodyIsThere"];
  const sealing = { to: storing("sealing"), does: does.answerIsUnsealed };
  table.take({ in: "opening", on: "turn.refused", if: ["answerIsUnsealed", ...all], ...sealing });
  const recovering = { to: storing("recovering"), does: does.turnWasCrashed };
  table.take({ in: "opening", on: "turn.refused", if: all, ...recovering });
});

test("whoever closes it marks it, and ends its turn", () => {
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

test("a text may be withdrawn in every state; the last one leaves the conversation idle", () => {
  for (const value of [...busy, ...resting]) {
    table.take({ in: value, on: "text.withdraw", to: value, does: ["withdrawText"] });
  }
  table.take({ in: at("queued"), on: "queue.emptied", to: at("idle") });
  table.take({ in: at("queued"), on: "queue.emptied", if: ["nobodyIsThere"], to: "gone" });
});

test("after a compaction the texts that came meanwhile open a turn", () => {
  table.take({ in: "compacting", on: "compaction.abort", to: "compacting", does: ["abortCompaction"] });
  table.take({ in: "compacting", on: "compaction.finished", to: at("idle") });
  const carries = { if: ["textsCameMeanwhile"], to: "carryingOver", does: ["openTurnFromQueue"] };
  table.take({ in: "compacting", on: "compaction.finished", ...carries });
});

test("it goes when nobody is there and nothing waits, and stays otherwise", () => {
  table.take({ in: at("idle"), on: "everyone.left", to: "gone" });
  table.take({ in: at("closed"), on: "everyone.left", to: "gone" });
  for (const value of [...busy, at("queued")]) table.take({ in: value, on: "everyone.left", to: value });
  const closedForNobody = { if: ["isClosed", "nobodyIsThere"], to: "gone" };
  table.take({ in: "opening", on: "turn.refused", ...closedForNobody });
});

test("when the process ends it leaves from wherever it is", () => {
  for (const value of [...busy, ...resting, "opening", "carryingOver"]) {
    table.take({ in: value, on: "conversation.leave", to: "gone", does: ["letGo"] });
  }
});

test("a table that takes nothing misses everything", () => {
  const empty = new ChartTable({ machine: conversationMachine, guards: [], context: {} });
  assert.ok(empty.missing().includes("conversation.stopping agent.ended 0"));
  assert.ok(empty.missing().includes("conversation.settling always 4"));
  assert.ok(empty.missing().length > 40);
});

test("every transition of the chart has been taken", () => {
  assert.equal(table.missing(), []);
});

test.run();
