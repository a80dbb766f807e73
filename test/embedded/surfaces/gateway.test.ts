// The surface `gateway`: it reads its figures once a second while it has a viewer, viewers never see older values, and
// its toggle refuses new turns.
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
      // The orchestrator announces the change in the same way.
      tell({ what: "turns" });
    },
    changes,
  });
  const spec = (): Spec => {
    const built = surface.getSpec();
    if (built instanceof Promise) throw new Error("getSpec is synchronous");
    return built;
  };
  const values = (): unknown[] => spec().fields.map((field) => ("value" in field ? field.value : field.kind));
  /** A viewer that behaves as the surface feed: it subscribes, reads the spec, and reads it again at every change. */
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

test("unchanged figures cause no update", () => {
  const { clock, view } = open();
  const { seen, leave } = view();
  clock.advance(60_000);
  assert.is(seen.length, 1);
  leave();
});

test("viewers end with the current figures, whatever changed in between", () => {
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

test("a viewer that returns later does not see an old rate", () => {
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

test("the begin or end of a turn is shown at once, and other changes are ignored", () => {
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

test("all viewers share one timer, and without viewers there is none", () => {
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

test("a boolean, plain or in an object, sets the toggle, and an empty payload flips it", () => {
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

test("an unknown action or payload changes nothing, and the error says what is valid", () => {
  const { figures, surface } = open();
  assert.throws(() => surface.invoke("stop"), 'gateway has no action "stop": it has set-refuses-turns');
  for (const payload of ["true", 1, {}, { value: "yes" }, []])
    assert.throws(() => surface.invoke("set-refuses-turns", payload), 'the payload must be {"value": true}');
  assert.is(figures.refusesTurns, false);
});

test.run();
