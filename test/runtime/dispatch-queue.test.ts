// Facts go up after the loop that found them, in order, a bounded number in one turn of the loop.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { DispatchQueue } from "../../src/runtime/dispatch-queue.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("dispatch queue");

test("a callback is never run inside the loop that found it", () => {
  const clock = new SimulatedClock();
  const dispatchQueue = new DispatchQueue(clock, limits, limits.dispatchesPerLoopTurn);
  const heard: number[] = [];
  dispatchQueue.post(() => heard.push(1));
  assert.equal(heard, []);
  clock.settle();
  assert.equal(heard, [1]);
});

test("callbacks keep their order, also those that a callback posts", () => {
  const clock = new SimulatedClock();
  const dispatchQueue = new DispatchQueue(clock, limits, limits.dispatchesPerLoopTurn);
  const heard: number[] = [];
  for (const number of [1, 2, 3]) {
    dispatchQueue.post(() => {
      heard.push(number);
      dispatchQueue.post(() => heard.push(number * 10));
    });
  }
  clock.settle();
  assert.equal(heard, [1, 2, 3, 10, 20, 30]);
});

test("a signal that comes after a pause is delivered like the first", () => {
  const clock = new SimulatedClock();
  const dispatchQueue = new DispatchQueue(clock, limits, limits.dispatchesPerLoopTurn);
  const heard: number[] = [];
  for (const number of [1, 2, 3]) {
    dispatchQueue.post(() => heard.push(number));
    dispatchQueue.post(() => heard.push(number));
    clock.settle();
  }
  assert.equal(heard, [1, 1, 2, 2, 3, 3]);
  assert.is(clock.pending, 0);
});

test("a loop turn delivers so many and no more, and the rest loses its place to nobody", () => {
  const clock = new SimulatedClock();
  const turns: (() => void)[] = [];
  clock.defer = (run) => void turns.push(run);
  const dispatchQueue = new DispatchQueue(clock, limits, 3);
  const heard: number[] = [];
  for (let number = 0; number < 7; number++) dispatchQueue.post(() => heard.push(number));
  const counts: number[] = [];
  for (let turn = turns.shift(); turn; turn = turns.shift()) {
    turn();
    counts.push(heard.length);
    if (counts.length === 1) dispatchQueue.post(() => heard.push(99));
  }
  assert.equal(counts, [3, 6, 8]);
  assert.equal(heard, [0, 1, 2, 3, 4, 5, 6, 99]);
});

test.run();
