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
  const sentAt: number[] = [];
  const startedAt = clock.now();
  const leavers = Array.from({ length: count }, () => ({
    id: randomUUID(),
    tell: () => void closedAt.push(clock.now() - startedAt),
  }));
  return { clock, closedAt, sentAt, leavers, drainer: new Drainer(clock, limits) };
}

test("a few sockets are closed at once", () => {
  const { clock, closedAt, sentAt, leavers, drainer } = leaving(10);
  drainer.begin(leavers, () => void sentAt.push(clock.now()));
  assert.equal(closedAt, Array(10).fill(0));
  assert.equal(sentAt, [clock.now()]);
});

test("many sockets are closed in waves at irregular intervals, each once, in about the planned time", () => {
  const { clock, closedAt, sentAt, leavers, drainer } = leaving(100);
  drainer.begin(leavers, () => void sentAt.push(clock.now()));
  assert.is(closedAt.length, 10);
  assert.equal(sentAt, []);
  clock.advance(1_500);
  assert.is(sentAt.length, 1, "the last wave is reported");
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
  const { clock, closedAt, sentAt, leavers, drainer } = leaving(5_000);
  drainer.begin(leavers, () => void sentAt.push(clock.now()));
  clock.advance(3_000);
  assert.equal([closedAt.length, sentAt.length], [5_000, 1]);
});

test("hurry closes the rest at once, and no socket twice", () => {
  const { clock, closedAt, sentAt, leavers, drainer } = leaving(100);
  drainer.begin(leavers, () => void sentAt.push(clock.now()));
  drainer.hurry();
  assert.equal(closedAt, Array(100).fill(0));
  clock.advance(10_000);
  assert.equal([closedAt.length, sentAt.length], [100, 1]);
  assert.is(clock.pending, 0);
});

test("hurried before it begins, it closes all at once; stopped, it closes no more and leaves no timer", () => {
  const hurried = leaving(100);
  hurried.drainer.hurry();
  assert.equal(hurried.closedAt, []);
  hurried.drainer.begin(hurried.leavers, () => void hurried.sentAt.push(0));
  assert.equal([hurried.closedAt.length, hurried.sentAt.length], [100, 1]);
  const stopped = leaving(100);
  stopped.drainer.begin(stopped.leavers, () => void stopped.sentAt.push(0));
  stopped.drainer.stop();
  stopped.clock.advance(10_000);
  assert.equal([stopped.closedAt.length, stopped.sentAt.length, stopped.clock.pending], [10, 0, 0]);
});

test.run();
