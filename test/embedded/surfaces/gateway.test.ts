// The surface `gateway`: its figures are looked at once a second while somebody watches, what viewers see is never
// older than that, and its toggle refuses new turns.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createGatewaySurface, type GatewayFigures } from "../../../src/embedded/surfaces/gateway.ts";
import type { Spec } from "../../../src/protocol/surface.ts";
import { changesOf } from "../../support/changes.ts";
import { SimulatedClock } from "../../support/clock.ts";

const test = suite("gateway surface");

function open() {
  const clock = new SimulatedClock();
  const figures: GatewayFigures = { sockets: 1, runningTurns: 0, events: 0, refusesTurns: false };
  const { changes, tell, listeners } = changesOf();
  const surface = createGatewaySurface({
    clock,
    figures: () => ({ ...figures }),
    setRefusesTurns: (refuses) => {
      figures.refusesTurns = refuses;
      // As the orchestrator does.
      tell({ what: "turns" });
    },
    changes,
  });
  const spec = (): Spec => {
    const built = surface.getSpec();
    if (built instanceof Promise) throw new Error("it answers at once");
    return built;
  };
  const values = (): unknown[] => spec().fields.map((field) => ("value" in field ? field.value : field.kind));
  /** A viewer as the surface feed is one: it listens, asks, and asks anew at every change. */
  const view = () => {
    const seen: unknown[][] = [];
    const leave = surface.subscribe?.(() => seen.push(values()));
    seen.push(values());
    return { seen, leave: () => leave?.() };
  };
  return { clock, figures, surface, spec, values, view, tell, listeners };
}

test("it shows sockets, running turns, deltas per second and the toggle", () => {
  const { surface, spec } = open();
  assert.equal(surface.catalogEntry, { id: "gateway", region: "status", title: "Gateway" });
  assert.equal(spec(), {
    id: "gateway",
    region: "status",
    title: "Gateway",
    fields: [
      { kind: "stat", label: "Sockets", value: "1" },
      { kind: "stat", label: "Running turns", value: "0" },
      { kind: "stat", label: "Deltas per second", value: "0" },
      { kind: "toggle", label: "Refuse new turns", value: false, action: { actionId: "set-refuses-turns" } },
    ],
  });
});

test("deltas per second are counted over the last second", () => {
  const { clock, figures, view } = open();
  const { seen, leave } = view();
  figures.events += 120;
  clock.advance(1_000);
  figures.events += 30;
  clock.advance(1_000);
  clock.advance(1_000);
  assert.equal(
    seen.map((values) => values[2]),
    ["0", "120", "30", "0"],
  );
  leave();
});

test("nothing new, nothing said", () => {
  const { clock, view } = open();
  const { seen, leave } = view();
  clock.advance(60_000);
  assert.is(seen.length, 1);
  leave();
});

test("what viewers see last is what there is, whatever changed in between", () => {
  const { clock, figures, view, tell } = open();
  const { seen, leave } = view();
  figures.sockets = 5;
  clock.advance(1_000);
  figures.sockets = 6;
  tell({ what: "turns" });
  figures.sockets = 5;
  clock.advance(1_000);
  assert.equal(
    seen.map(([sockets]) => sockets),
    ["1", "5", "6", "5"],
  );
  leave();
});

test("who comes back after a while is not shown the speed of long ago", () => {
  const { clock, figures, view } = open();
  const first = view();
  figures.events += 1_000;
  clock.advance(1_000);
  assert.is(first.seen.at(-1)?.[2], "1000");
  first.leave();
  figures.events += 1_000_000;
  clock.advance(3_600_000);
  const second = view();
  clock.advance(1_000);
  assert.ok(second.seen.every((values) => values[2] === "0"));
  second.leave();
});

test("turns that begin or end are shown at once, other changes are none of its business", () => {
  const { figures, view, tell } = open();
  const { seen, leave } = view();
  figures.runningTurns = 1;
  tell({ what: "activity", conversationId: "c" });
  tell({ what: "queue", conversationId: "c" });
  assert.is(seen.length, 1);
  tell({ what: "turns" });
  assert.is(seen.at(-1)?.[1], "1");
  leave();
});

test("nobody watches, nothing runs: one timer for all viewers, none after the last", () => {
  const { clock, view, listeners } = open();
  assert.is(clock.pending, 0);
  const [first, second] = [view(), view()];
  assert.equal([clock.pending, listeners()], [1, 1]);
  first.leave();
  first.leave();
  assert.equal([clock.pending, listeners()], [1, 1]);
  second.leave();
  assert.equal([clock.pending, listeners()], [0, 0]);
});

test("the toggle is set by a boolean, with or without a value around it, and turned over by nothing", () => {
  const { figures, surface, view } = open();
  const { seen, leave } = view();
  const set = (payload?: unknown): boolean => {
    surface.invoke("set-refuses-turns", payload);
    return figures.refusesTurns;
  };
  assert.equal([set(true), set(true), set({ value: false }), set(), set(null)], [true, true, false, true, false]);
  assert.equal(
    seen.map((values) => values[3]),
    [false, true, true, false, true, false],
  );
  leave();
});

test("an action or a payload that it does not know changes nothing, and says what would do", () => {
  const { figures, surface } = open();
  assert.throws(() => surface.invoke("stop"), 'gateway has no action "stop": it has set-refuses-turns');
  for (const payload of ["true", 1, {}, { value: "yes" }, []])
    assert.throws(() => surface.invoke("set-refuses-turns", payload), 'the payload must be {"value": true}');
  assert.is(figures.refusesTurns, false);
});

test.run();
