// Before a stop, sockets are closed in waves: all of them, not all at once, and at once if the stop is hurried.
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Drainer } from "../../src/gateway/drainer.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("drainer");
const limits = { closesPerWave: 10, closesPerSecond: 100, closeSpreadMs: 2_000 };

function leaving(count: number) {
  const clock = new SimulatedClock();
  const closedAt: number[] = [];
  const startedAt = clock.now();
  const leavers = Array.from({ length: count }, () => ({
    id: randomUUID(),
    tell: () => void closedAt.push(clock.now() - startedAt),
  }));
  return { clock, closedAt, leavers, drainer: new Drainer(clock, limits) };
}

test("a few sockets are closed at once", () => {
  const { closedAt, leavers, drainer } = leaving(10);
  drainer.begin(leavers);
  assert.equal(closedAt, Array(10).fill(0));
});

test("many sockets are closed in waves at irregular intervals, each once, in about the planned time", () => {
  const { clock, closedAt, leavers, drainer } = leaving(100);
  drainer.begin(leavers);
  assert.is(closedAt.length, 10);
  clock.advance(1_500);
  assert.is(closedAt.length, 100);
  const waves = [...new Set(closedAt)];
  assert.is(waves.length, 10);
  const pauses = waves.slice(1).map((at, index) => at - (waves[index] ?? 0));
  assert.ok(new Set(pauses).size > 3, pauses.join());
  assert.ok(
    pauses.every((pause) => pause >= 49 && pause <= 151),
    pauses.join(),
  );
  assert.is(clock.pending, 0);
});

test("closing any number of sockets takes at most 1.5 times closeSpreadMs", () => {
  const { clock, closedAt, leavers, drainer } = leaving(5_000);
  drainer.begin(leavers);
  clock.advance(3_000);
  assert.is(closedAt.length, 5_000);
});

test("hurry closes the rest at once, and no socket twice", () => {
  const { clock, closedAt, leavers, drainer } = leaving(100);
  drainer.begin(leavers);
  drainer.hurry();
  assert.equal(closedAt, Array(100).fill(0));
  clock.advance(10_000);
  assert.is(closedAt.length, 100);
  assert.is(clock.pending, 0);
});

test.run();
