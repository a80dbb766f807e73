// How many of many are done in one go: as many as may be, and fewer when each takes long.
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

test("so many when there is time", () => {
  assert.is(done(64, 0.01), 64);
  assert.is(done(1, 0.01), 1);
});

test("as many as there is time for, but a quarter at least, and one in any case", () => {
  assert.is(done(64, 0.025), 40);
  assert.is(done(64, 10), 16);
  assert.is(done(3, 10), 1);
  assert.is(done(1, 10), 1);
});

test.run();
