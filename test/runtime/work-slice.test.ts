// How many items are processed at once: up to a maximum, and fewer when each takes long.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WorkSlice } from "../../src/runtime/work-slice.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("piece");

function done(most: number, eachMs: number): number {
  const clock = new SimulatedClock();
  const piece = new WorkSlice(clock, { deferredMsPerLoopTurn: 1 }, most);
  let count = 0;
  for (; piece.takes(); count++) clock.hold(eachMs);
  return count;
}

test("the maximum if there is time", () => {
  assert.is(done(64, 0.01), 64);
  assert.is(done(1, 0.01), 1);
});

test("as many as fit into the time, but at least a quarter of the maximum, and at least one", () => {
  assert.is(done(64, 0.025), 40);
  assert.is(done(64, 10), 16);
  assert.is(done(3, 10), 1);
  assert.is(done(1, 10), 1);
});

test.run();
