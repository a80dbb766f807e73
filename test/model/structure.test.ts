// The structure of the seven charts is sound. The checker that confirms it finds each kind of fault, in machines that
// are broken on purpose and in copies of our own charts with something removed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type AnyStateMachine, createMachine, setup } from "xstate";
import type { Meta } from "../../machines/meta.ts";
import { brokenMachines, soundMachine } from "./broken-machines.ts";
import { charts, declaredEvents } from "./charts.ts";
import { listedBy, statesOf } from "./structure/chart.ts";
import type { Fault, FaultKind } from "./structure/fault.ts";
import { OpenGuards } from "./structure/open-guards.ts";
import { walk } from "./structure/walk.ts";
import { checkStructure, isExpected } from "./structure.ts";

const sentencesOf = (faults: readonly Fault[]): string[] => faults.map(({ kind, sentence }) => `${kind}: ${sentence}`);

const chartCalled = (id: string): AnyStateMachine => {
  const chart = charts.find((machine) => machine.id === id);
  if (!chart) throw new Error(`there is no chart ${id}`);
  return chart;
};

// ── our charts ────────────────────────────────────────────────────────────────────────────────────────────────────

const ours = suite("structure: the six charts");

ours(
  "every state is reached, every event is handled or listed, every guard seen true and false, no state a dead end",
  () => {
    const report = checkStructure(charts, declaredEvents);
    assert.equal(sentencesOf(report.faults), []);
    assert.is(report.machines, 6);
  },
);

ours("the walk reaches as many combinations of states as a count by hand gives", () => {
  const counted = {
    // Up: seven states of service, two of health. Then stopping and stopped.
    gateway: 7 * 2 + 2,
    // Open: two states of flow, three of chatTurn. Closing: eight reasons, told or cut. Closed: one.
    connection: 2 * 3 + 8 * 2 + 1,
    watch: 4 + 2,
    surface: 2 + 1 + 2 + 1 + 1,
    // Without settling, which is left at once.
    conversation: 2 + 3 + 1 + 1 + 1 + 2 + 1 + 1,
    turn: 7 + 8,
  };
  const walked = charts.map((machine) => [machine.id, checkStructure([machine]).configurations]);
  assert.equal(Object.fromEntries(walked), counted);
});

ours("every event that a chart declares is handled or listed in every state", () => {
  for (const machine of charts) {
    for (const { snapshot, key } of walk(machine).configurations.values()) {
      for (const type of declaredEvents[machine.id] ?? []) {
        const expected = isExpected(machine, snapshot.value, type);
        assert.is.not(expected, "unlisted", `${machine.id} in ${key}: ${type}`);
        if (snapshot.status !== "active") assert.is(expected, "ignored", `${machine.id} in ${key}: ${type}`);
      }
    }
  }
});

ours("XState takes no transition for an event that isExpected does not call handled", () => {
  for (const machine of charts) {
    for (const { snapshot, key } of walk(machine).configurations.values()) {
      if (snapshot.status !== "active") continue;
      for (const type of declaredEvents[machine.id] ?? []) {
        const says = isExpected(machine, snapshot.value, type);
        const chosen = machine.getTransitionData(snapshot, { type });
        if (says !== "handled") assert.equal(chosen, [], `${machine.id} in ${key} on ${type}: ${says}`);
      }
    }
  }
});

ours("every name on a list is needed: without it the checker reports its event as missing", () => {
  let names = 0;
  for (const machine of charts) {
    for (const state of statesOf(machine)) {
      for (const event of listedBy(state)) {
        names++;
        const { faults } = checkStructure([withoutName(machine, state.path, event)], declaredEvents);
        const kinds = faults.filter((fault) => fault.event === event).map(({ kind }) => kind);
        const isMissed = kinds.includes("unlisted-event") || kinds.includes("unheard-event");
        assert.ok(isMissed, `${state.id} need not list ${event}: take it off the list`);
      }
    }
  }
  assert.ok(names > 100, `only ${names} names were checked`);
});

ours.run();

/** A copy of the chart in which one state's lists lack a name. */
function withoutName(machine: AnyStateMachine, path: readonly string[], event: string): AnyStateMachine {
  const config = copyOf(machine.config);
  const state = path.reduce((outer, name) => part(part(outer, "states"), name), config);
  const meta = part(state, "meta");
  for (const [list, names] of Object.entries(meta))
    meta[list] = Array.isArray(names) ? names.filter((name) => name !== event) : names;
  return createMachine(config, machine.implementations);
}

type Part = Record<string, unknown>;

const isPart = (value: unknown): value is Part =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

function part(whole: Part, name: string): Part {
  const found = whole[name];
  if (!isPart(found)) throw new Error(`the chart's config has no ${name} on the path of a state`);
  return found;
}

/** Copies plain objects; functions and lists are shared. */
const copyOf = (config: object): Part =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, isPart(value) ? copyOf(value) : value]));

// ── the checker ───────────────────────────────────────────────────────────────────────────────────────────────────

const checker = suite("structure: the checker");

for (const { because, machine, fault, declared } of brokenMachines) {
  checker(`a machine is refused when ${because}`, () => {
    const { faults } = checkStructure([machine], declared ? { [machine.id]: declared } : {});
    const found = faults.map(({ kind, state, event }) =>
      event === undefined ? { kind, state } : { kind, state, event },
    );
    assert.equal(found, [fault], sentencesOf(faults).join("\n"));
    const [{ sentence } = { sentence: "" }] = faults;
    assert.match(sentence, /^\S.*\.$/s);
    for (const name of [fault.state, fault.event ?? ""]) assert.ok(sentence.includes(name), `${name}: ${sentence}`);
  });
}

checker("a sound machine that has one of everything passes", () => {
  const { faults, ...figures } = checkStructure([soundMachine]);
  assert.equal(sentencesOf(faults), []);
  assert.equal(figures, { machines: 1, states: 14, transitions: 13, guards: 2, configurations: 8 });
});

checker("there is a broken machine for every kind of fault", () => {
  const kinds: Record<FaultKind, true> = {
    "unreachable-state": true,
    "dead-end": true,
    "no-way-to-the-end": true,
    "dead-transition": true,
    "one-sided-guard": true,
    endless: true,
    throws: true,
    "unlisted-event": true,
    "listed-and-taken": true,
    "listed-twice": true,
    "listed-unknown": true,
    "empty-transition": true,
    wildcard: true,
    "unheard-event": true,
    "missing-failure-edge": true,
    "missing-done-edge": true,
    "delay-without-end": true,
  };
  const shown = new Set(brokenMachines.map(({ fault }) => fault.kind));
  assert.equal([...shown].sort(), Object.keys(kinds).sort());
});

checker("several machines are counted together, and the faults of each are reported", () => {
  const [first, second] = brokenMachines;
  if (!first || !second) throw new Error("there are no broken machines");
  const { machines, faults } = checkStructure([first.machine, soundMachine, second.machine]);
  assert.is(machines, 3);
  assert.equal(
    faults.map(({ kind }) => kind),
    [first.fault.kind, second.fault.kind],
  );
});

checker("every combination of answers of the guards that are asked is tried, and no other", () => {
  const guards = new OpenGuards();
  const ways: string[] = [];
  guards.inEveryWay(() => {
    const way = guards.ask("a") ? "a" : guards.ask("b", { of: 1 }) ? "b" : "neither";
    // A guard that is asked again in the same run gives the same answer.
    assert.is(guards.ask("a"), way === "a");
    ways.push(`${way}: ${guards.holding().join(", ")}`);
  });
  assert.equal(ways.sort(), ["a: a", 'b: b({"of":1})', "neither: "]);
});

checker("a list accepts only names of the machine's own events", () => {
  type DoorEvent = { type: "open" } | { type: "shut" };
  const door = setup({ types: { events: {} as DoorEvent, meta: {} as Meta<DoorEvent> } });
  const right = door.createMachine({ id: "door", meta: { ignores: ["open"], neverGets: ["shut"] } });
  // @ts-expect-error: no event of this machine has this name.
  const wrong = door.createMachine({ id: "door", meta: { ignores: ["opne"] } });
  assert.equal(
    [right, wrong].map(({ root }) => listedBy(root)),
    [["open", "shut"], ["opne"]],
  );
});

checker.run();

// ── what may be expected ──────────────────────────────────────────────────────────────────────────────────────────

const expected = suite("structure: what may come");

expected("an event is handled, ignored, impossible or unlisted in the state it arrives in", () => {
  const connection = chartCalled("connection");
  const open = { open: { flow: "flowing", chatTurn: "quiet" } };
  assert.is(isExpected(connection, open, "ping"), "handled");
  assert.is(isExpected(connection, open, "socket.congested"), "handled");
  assert.is(isExpected(connection, open, "socket.drained"), "never");
  assert.is(isExpected(connection, open, "turn.over"), "ignored");
  assert.is(isExpected(connection, { closing: { because: "slow", farewell: "told" } }, "ping"), "never");
  assert.is(isExpected(connection, { closing: { because: "slow", farewell: "told" } }, "socket.drained"), "ignored");
  assert.is(isExpected(connection, { closing: { because: "slow", farewell: "told" } }, "socket.closed"), "handled");
  assert.is(isExpected(connection, open, "turn.began"), "unlisted");
});

expected("XState's own events are handled; the event of a delay only in the state where the delay runs", () => {
  const surface = chartCalled("surface");
  assert.is(isExpected(surface, "current", "xstate.init"), "handled");
  assert.is(isExpected(surface, "current", "xstate.stop"), "handled");
  const due = "xstate.after.answerTime.surface.loading";
  assert.is(isExpected(surface, { loading: "inTime" }, due), "handled");
  assert.is(isExpected(surface, "current", due), "unlisted");
});

expected("an actor that has ended ignores every event", () => {
  assert.is(isExpected(chartCalled("watch"), "left", "socket.drained"), "ignored");
  assert.is(isExpected(chartCalled("turn"), "done", "turn.cancel"), "ignored");
});

expected("an event that one region lists as impossible is unexpected, even when another region would handle it", () => {
  const states = (meta: object) => ({
    initial: "on",
    states: { on: { on: { ring: { actions: [] } } }, off: { meta } },
  });
  const bells = createMachine({
    id: "bells",
    type: "parallel",
    states: { left: states({ neverGets: ["ring"] }), right: states({ ignores: ["ring"] }) },
  });
  assert.is(isExpected(bells, { left: "off", right: "on" }, "ring"), "never");
  assert.is(isExpected(bells, { left: "on", right: "off" }, "ring"), "handled");
  assert.is(isExpected(bells, { left: "off", right: "off" }, "ring"), "never");
});

expected.run();
