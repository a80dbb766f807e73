// The chart of a turn, transition by transition, and its guarantee: whatever happens, it ends in exactly one final
// state.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor, transition } from "xstate";
import { type TurnMachineEvent, type TurnOutput, turnMachine } from "../../machines/turn.ts";
import { ChartTable } from "../support/chart-table.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("the turn's chart");
const context = { conversationId: "c" };
const table = new ChartTable({ machine: turnMachine, guards: [], context });

const phases = ["starting", "thinking", "writing", "runningTools", "continuing", "retrying"];
const working = (phase: string) => ({ running: { working: phase } });
const stalled = { running: "stalled" };
const failure = { message: "it broke" };

const signals: [string, string][] = [
  ["agent.thinking", "thinking"],
  ["agent.writing", "writing"],
  ["tools.started", "runningTools"],
  ["retry.scheduled", "retrying"],
  ["step.finished", "continuing"],
];

const endings: [TurnMachineEvent, string][] = [
  [{ type: "agent.finished", reason: "stop" }, "done"],
  [{ type: "agent.failed", failure }, "failed"],
  [{ type: "log.full", failure }, "outgrown"],
  [{ type: "turn.cancel" }, "aborted"],
  [{ type: "turn.overdue" }, "aborted"],
  [{ type: "turn.interrupt" }, "interrupted"],
];

test("from every phase the agent may enter every other phase", () => {
  for (const phase of phases) {
    for (const [on, to] of signals) table.take({ in: working(phase), on, to: working(to), does: ["noteActivity"] });
  }
});

test("finished tools lead on to the model, and have no effect while no tools run", () => {
  for (const phase of phases) {
    const runs = phase === "runningTools";
    const to = working(runs ? "continuing" : phase);
    table.take({ in: working(phase), on: "tools.finished", to, does: runs ? ["noteActivity"] : [] });
  }
});

test("every end can be reached from every phase, and concludes the turn once", () => {
  for (const phase of phases) {
    for (const [on, to] of endings) table.take({ in: working(phase), on, to, does: ["conclude"] });
  }
  for (const [on, to] of endings) table.take({ in: stalled, on, to, does: ["conclude"] });
});

test("after a stall, the next sign of life restores the previous state", () => {
  for (const phase of phases) {
    table.take({ in: working(phase), on: "agent.stalled", to: stalled, does: ["noteActivity"] });
    const before = turnMachine.resolveState({ value: working(phase), context });
    const [silent] = transition(turnMachine, before, { type: "agent.stalled" });
    const [after] = transition(turnMachine, silent, { type: "agent.resumed" });
    assert.equal(after.value, working(phase));
  }
  table.take({ in: stalled, on: "agent.resumed", to: working("starting"), does: ["noteActivity"] });
});

test("an ended turn handles nothing", () => {
  for (const [, end] of endings) {
    for (const [event] of endings) {
      const [after, actions] = transition(turnMachine, turnMachine.resolveState({ value: end, context }), event);
      assert.is(after.value, end);
      assert.equal(actions, []);
    }
  }
});

test("the end has its reason and whether the agent has ended", () => {
  const expected: [TurnMachineEvent, unknown, TurnOutput][] = [
    [{ type: "agent.finished", reason: "length" }, { reason: "length" }, { agentHasEnded: true }],
    [{ type: "agent.failed", failure }, { reason: "error", failure }, { agentHasEnded: true }],
    [{ type: "log.full", failure }, { reason: "error", failure }, { agentHasEnded: false }],
    [{ type: "turn.cancel" }, { reason: "aborted" }, { agentHasEnded: false }],
    [{ type: "turn.overdue" }, { reason: "aborted" }, { agentHasEnded: false }],
    [{ type: "turn.interrupt" }, { reason: "interrupted" }, { agentHasEnded: false }],
  ];
  for (const [event, ending, output] of expected) {
    const said: unknown[] = [];
    const actor = createActor(
      turnMachine.provide({
        actions: { conclude: (_, params) => said.push(params) },
      }),
      { input: context, clock: new SimulatedClock() },
    );
    actor.start();
    actor.send(event);
    assert.equal(said, [ending]);
    assert.equal(actor.getSnapshot().output, output);
  }
});

test("a turn announces itself when it begins, and is aborted when its time is over", () => {
  const did: string[] = [];
  const clock = new SimulatedClock();
  const actor = createActor(
    turnMachine.provide({
      actions: {
        announceTurn: () => did.push("announceTurn"),
        beginAgent: () => did.push("beginAgent"),
        conclude: (_, { reason }) => did.push(reason),
      },
    }),
    { input: context, clock },
  );
  actor.start();
  assert.equal(did, ["announceTurn", "beginAgent"]);
  assert.equal(actor.getSnapshot().value, working("starting"));
  actor.send({ type: "turn.overdue" });
  assert.is(actor.getSnapshot().value, "aborted");
  assert.equal(did.slice(2), ["aborted"]);
  assert.is(clock.pending, 0);
});

test("these tests take every transition", () => {
  assert.equal(table.missing(), []);
});

test.run();
