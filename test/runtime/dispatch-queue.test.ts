// Callbacks run after the loop that posted them, in order, and a bounded number in each turn of the event loop.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { DispatchQueue } from "../../src/runtime/dispatch-queue.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("dispatch queue");

test("a callback never runs inside the loop that posted it", () => {
  const clock = new SimulatedClock();
  const dispatchQueue = new DispatchQueue(clock, limits, limits.dispatchesPerLoopTurn);
  const heard: number[] = [];
  dispatchQueue.post(() => heard.push(1));
  assert.equal(heard, []);
  clock.settle();
  assert.equal(heard, [1]);
});

test("callbacks run in order, also those that a callback posts", () => {
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

test("a callback that is posted after a pause runs like the first one", () => {
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

test("each turn of the event loop runs a bounded number of callbacks, and the others keep their order", () => {
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
