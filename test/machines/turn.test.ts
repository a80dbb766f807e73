// The chart of a turn, transition by transition, and its guarantee: whatever happens, it ends in exactly one final
// state.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor, fromCallback, transition } from "xstate";
import {
  doneReasons,
  type TurnCheck,
  type TurnEnding,
  type TurnMachineEvent,
  type TurnOutput,
  turnMachine,
} from "../../machines/turn.ts";
import type { DoneReason } from "../../src/protocol/turn-event.ts";
import { ChartTable } from "../support/chart-table.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("the turn's chart");
const context = { conversationId: "c" };
const guards = ["isSilent", "isOvertime", "isUnwatched", "isLost"];
const table = new ChartTable({ machine: turnMachine, guards, context });

const phases = ["starting", "thinking", "writing", "runningTools", "continuing", "retrying"];
const working = (phase: string) => ({ running: { working: phase } });
const stalled = { running: "stalled" };
const failure = { message: "it broke" };

/** The ends that a check brings, by the guard that holds. */
const checkedEnds = [
  ["isOvertime", "overtime"],
  ["isUnwatched", "unwatched"],
  ["isLost", "lost"],
] as const;

const signals: [string, string][] = [
  ["agent.thinking", "thinking"],
  ["agent.writing", "writing"],
  ["tools.started", "runningTools"],
  ["retry.scheduled", "retrying"],
  ["step.finished", "continuing"],
];

const check = { type: "turn.checked", silentMs: 1, runningMs: 2, unwatchedMs: 3 } as const;

const endings: [TurnMachineEvent, string][] = [
  [{ type: "agent.finished", reason: "stop" }, "done"],
  [{ type: "agent.failed", failure }, "failed"],
  [{ type: "log.full", failure }, "outgrown"],
  [{ type: "turn.cancel" }, "cancelled"],
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
  for (const [guard, to] of checkedEnds)
    for (const value of [...phases.map(working), stalled])
      table.take({ in: value, on: check, if: [guard], to, does: ["conclude"] });
});

test("a check that finds nothing changes nothing, and each guard gets what was measured", () => {
  for (const value of [...phases.map(working), stalled]) table.take({ in: value, on: check, to: value });
  const asked: unknown[] = [];
  const note = (_: unknown, { silentMs, runningMs, unwatchedMs }: TurnCheck): boolean => {
    asked.push([silentMs, runningMs, unwatchedMs]);
    return false;
  };
  const machine = turnMachine.provide({
    guards: { isSilent: note, isOvertime: note, isUnwatched: note, isLost: note },
  });
  transition(machine, machine.resolveState({ value: working("writing"), context }), check);
  assert.equal(asked, Array(4).fill([1, 2, 3]));
});

test("a turn that is silent and for which a time is over ends, and is not stalled first", () => {
  for (const [guard, to] of checkedEnds)
    table.take({ in: working("writing"), on: check, if: ["isSilent", guard], to, does: ["conclude"] });
});

test("a stalled turn that is silent stays stalled", () => {
  table.take({ in: stalled, on: check, if: ["isSilent"], to: stalled, does: ["noteActivity"] });
});

test("after a stall, the next sign of life restores the previous state", () => {
  for (const phase of phases) {
    table.take({ in: working(phase), on: check, if: ["isSilent"], to: stalled, does: ["noteActivity"] });
    const machine = turnMachine.provide({ guards: { isSilent: () => true } });
    const before = machine.resolveState({ value: working(phase), context });
    const [silent] = transition(machine, before, check);
    const [after] = transition(machine, silent, { type: "agent.resumed" });
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
  const expected: [TurnMachineEvent, TurnEnding, DoneReason, TurnOutput][] = [
    [
      { type: "agent.finished", reason: "length" },
      { end: "done", reason: "length" },
      "length",
      { agentHasEnded: true },
    ],
    [{ type: "agent.failed", failure }, { end: "failed", failure }, "error", { agentHasEnded: true }],
    [{ type: "log.full", failure }, { end: "outgrown", failure }, "error", { agentHasEnded: false }],
    [{ type: "turn.cancel" }, { end: "cancelled" }, "aborted", { agentHasEnded: false }],
    [{ type: "turn.interrupt" }, { end: "interrupted" }, "interrupted", { agentHasEnded: false }],
    ...checkedEnds.map(([, end]): [TurnMachineEvent, TurnEnding, DoneReason, TurnOutput] => [
      {
        ...check,
        ...(end === "overtime" ? { runningMs: 10 } : end === "lost" ? { silentMs: 10 } : { unwatchedMs: 10 }),
      },
      { end },
      "aborted",
      { agentHasEnded: false },
    ]),
  ];
  for (const [event, ending, reason, output] of expected) {
    const said: TurnEnding[] = [];
    const actor = createActor(
      turnMachine.provide({
        actions: { conclude: (_, params) => said.push(params) },
        guards: {
          isOvertime: (_, { runningMs }) => runningMs === 10,
          isUnwatched: (_, { unwatchedMs }) => unwatchedMs === 10,
          isLost: (_, { silentMs }) => silentMs === 10,
        },
      }),
      { input: context, clock: new SimulatedClock() },
    );
    actor.start();
    actor.send(event);
    assert.equal(said, [ending]);
    assert.is(doneReasons[ending.end] ?? ending.reason, reason);
    assert.equal(actor.getSnapshot().output, output);
  }
});

test("a turn announces itself when it begins, and leaves no timer when it is cancelled", () => {
  const did: string[] = [];
  const clock = new SimulatedClock();
  const actor = createActor(
    turnMachine.provide({
      actors: {
        agent: fromCallback(() => {
          did.push("agent");
          return () => did.push("agent stopped");
        }),
      },
      actions: {
        announceTurn: () => did.push("announceTurn"),
        conclude: (_, { end }) => did.push(end),
      },
    }),
    { input: context, clock },
  );
  actor.start();
  // XState starts what the first state invokes before it runs that state's entry actions.
  assert.equal(did, ["agent", "announceTurn"]);
  assert.equal(actor.getSnapshot().value, working("starting"));
  actor.send({ type: "turn.cancel" });
  assert.is(actor.getSnapshot().value, "cancelled");
  assert.equal(did.slice(2), ["cancelled", "agent stopped"]);
  assert.is(clock.pending, 0);
});

test("these tests take every transition", () => {
  assert.equal(table.missing(), []);
});

test.run();
