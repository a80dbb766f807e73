// Newcomers are taken in at once while there is time, in their order, and more slowly while others come in vain.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Entrance } from "../src/entrance.ts";
import { type Limits, limits } from "../src/limits.ts";
import { SimulatedClock } from "./support/clock.ts";

const test = suite("entrance");

const usual = { inputMsPerLoopTurn: 1, newcomersWaitingMax: 50, vainNewcomersBurst: 10, vainNewcomersPerSecond: 20 };

/** @param takesMs what it takes to take one in. */
function open(takesMs = 0, bounds: Partial<Limits> = {}) {
  const clock = new SimulatedClock();
  const entrance = new Entrance(clock, { ...limits, ...usual, ...bounds });
  const taken: number[] = [];
  const come = (name: number): boolean =>
    entrance.admit(() => {
      taken.push(name);
      clock.hold(takesMs);
    });
  return { clock, entrance, taken, come };
}

test("one who comes where nobody else does is taken in at once", () => {
  const { clock, taken, come } = open(5);
  assert.ok(come(1));
  assert.equal(taken, [1]);
  clock.settle();
  assert.is(clock.pending, 0);
});

test("of many who come at once each turn of the loop takes in as many as there is time for, in their order", () => {
  const { clock, entrance, taken, come } = open(0.3);
  for (let name = 0; name < 20; name++) assert.ok(come(name));
  assert.is(taken.length, 4);
  assert.is(entrance.waiting, 16);
  clock.turn();
  assert.is(taken.length, 8);
  clock.settle();
  assert.equal(
    taken,
    Array.from({ length: 20 }, (_, name) => name),
  );
  assert.is(entrance.waiting, 0);
  assert.is(clock.pending, 0);
});

test("one more than may wait is not taken in, and is told so", () => {
  const { clock, taken, come } = open(1);
  const admitted = Array.from({ length: 60 }, (_, name) => come(name));
  assert.equal(admitted.indexOf(false), 51, "one at once, and fifty wait");
  clock.settle();
  assert.is(taken.length, 51);
});

test("some may come in vain, and those after them wait for nothing", () => {
  const { entrance, taken, come } = open();
  for (let name = 0; name < 11; name++) {
    come(name);
    entrance.vain();
  }
  assert.is(taken.length, 11);
});

test("when many come in vain, so many a second are taken in", () => {
  const { clock, entrance, taken, come } = open();
  // Each comes again as soon as it is gone.
  const comeAgain = (): void => {
    entrance.admit(() => {
      taken.push(clock.now());
      clock.defer(() => {
        entrance.vain();
        comeAgain();
      });
    });
  };
  for (let count = 0; count < 5; count++) comeAgain();
  clock.advance(10_000);
  const { length } = taken;
  assert.ok(length >= 205 && length <= 220, `${length} in 10 s: 20 a second, and the first ten`);
  assert.ok(come(-1));
  clock.advance(1_000);
  assert.is(taken.filter((name) => name === -1).length, 1, "who comes beside them has its turn within a second");
});

test("when thousands leave at once, who comes next waits for a second and no longer", () => {
  const { clock, entrance, taken, come } = open();
  for (let count = 0; count < 5_000; count++) entrance.vain();
  come(1);
  assert.is(taken.length, 0);
  clock.advance(1_000);
  assert.equal(taken, [1]);
});

test("when it is stopped nobody is taken in, and no timer is left", () => {
  const { clock, entrance, taken, come } = open();
  for (let count = 0; count < 100; count++) entrance.vain();
  come(1);
  entrance.stop();
  assert.is(clock.pending, 0);
  clock.advance(5_000);
  assert.equal(taken, []);
});

test.run();
