// Coverage counts the transitions that running actors take, and nothing else.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createActor, createMachine } from "xstate";
import { Coverage } from "./coverage.ts";

const test = suite("model: coverage");

const lamp = createMachine({
  id: "lamp",
  initial: "off",
  on: { "lamp.smash": ".broken" },
  states: {
    off: { on: { "lamp.press": "on", "lamp.touch": {} } },
    on: { on: { "lamp.press": "off" } },
    broken: { type: "final" },
  },
});

const room = createMachine({
  id: "room",
  initial: "dark",
  states: {
    dark: { on: { enter: "lit" } },
    lit: { always: [{ guard: () => false, target: "dark" }, { target: "warm" }] },
    warm: {},
  },
});

test("before anything runs, every transition is missing, in the order of the chart", () => {
  assert.equal(new Coverage([lamp]).table(), [
    {
      chart: "lamp",
      taken: 0,
      all: 4,
      missing: ["lamp lamp.smash 0", "lamp.off lamp.press 0", "lamp.off lamp.touch 0", "lamp.on lamp.press 0"],
    },
  ]);
});

test("only transitions of actors in the attached system count, and only while it is attached", () => {
  const coverage = new Coverage([lamp]);
  const seen = createActor(lamp).start();
  const unseen = createActor(lamp).start();
  const detach = coverage.attach(seen.system);
  seen.send({ type: "lamp.press" });
  unseen.send({ type: "lamp.smash" });
  detach();
  seen.send({ type: "lamp.press" });
  assert.equal(coverage.table()[0]?.missing, ["lamp lamp.smash 0", "lamp.off lamp.touch 0", "lamp.on lamp.press 0"]);
  assert.is(coverage.times("lamp.off lamp.press 0"), 1);
  assert.is(coverage.times("lamp.on lamp.press 0"), 0);
});

test("a transition without a target counts, a transition whose action throws does not", () => {
  const frail = createMachine({
    id: "frail",
    on: {
      touch: {},
      shake: {
        actions: () => {
          throw new Error("provoked");
        },
      },
    },
  });
  const coverage = new Coverage([frail]);
  const actor = createActor(frail);
  actor.subscribe({ error: () => {} });
  coverage.attach(actor.system);
  actor.start();
  actor.send({ type: "touch" });
  actor.send({ type: "shake" });
  assert.equal(coverage.table()[0]?.missing, ["frail shake 0"]);
});

test("eventless transitions are counted per branch, also in a machine from provide()", () => {
  const coverage = new Coverage([room]);
  const actor = createActor(room.provide({}));
  coverage.attach(actor.system);
  actor.start();
  actor.send({ type: "enter" });
  assert.equal(coverage.table()[0]?.missing, ["room.lit always 0"]);
});

test("actors of charts that were not passed in are ignored", () => {
  const coverage = new Coverage([room]);
  const actor = createActor(lamp);
  coverage.attach(actor.system);
  actor.start();
  actor.send({ type: "lamp.press" });
  assert.equal(coverage.table()[0]?.taken, 0);
  assert.equal(coverage.arrivals(), []);
});

test("each event is listed with the state in which it arrived, whether it was handled or not", () => {
  const coverage = new Coverage([lamp]);
  const actor = createActor(lamp);
  coverage.attach(actor.system);
  actor.start();
  actor.send({ type: "lamp.press" });
  actor.send({ type: "lamp.touch" });
  actor.send({ type: "lamp.touch" });
  assert.equal(coverage.arrivals(), [
    { chart: "lamp", state: "off", event: "lamp.press", isHeard: true, times: 1 },
    { chart: "lamp", state: "on", event: "lamp.touch", isHeard: false, times: 2 },
  ]);
});

test("a failing observer puts no actor in the error state, and table() throws", () => {
  const coverage = new Coverage([lamp]);
  const actor = createActor(lamp).start();
  coverage.attach(actor.system);
  const poisoned = Object.defineProperty({ type: "lamp.press" }, "type", {
    get: (() => {
      let reads = 0;
      return () => {
        if (reads++ > 20) throw new Error("provoked");
        return "lamp.press";
      };
    })(),
  });
  for (let press = 0; press < 4; press++) actor.send({ type: "lamp.press" });
  Reflect.set(coverage, "times", () => {
    throw new Error("provoked");
  });
  actor.send(poisoned);
  assert.is(actor.getSnapshot().status, "active");
  assert.throws(() => coverage.table(), "an observer failed");
});

test.run();
