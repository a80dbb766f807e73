// Before a stop, sockets are closed in waves: all of them, not all at once, and without a pause if the stop is hurried.
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Drainer } from "../../src/gateway/drainer.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("drainer");
const limits = { closesPerWave: 10, closesPerSecond: 100, closeSpreadMs: 2_000 };

/** Takes each wave when it is due, as the root's chart does. */
function leaving(count: number) {
  const clock = new SimulatedClock();
  const startedAt = clock.now();
  const closed: string[] = [];
  const closedAt: number[] = [];
  const lastAt: number[] = [];
  const sockets = Array.from({ length: count }, () => ({ id: randomUUID() }));
  const drainer: Drainer<{ id: string }> = new Drainer({
    ...{ clock, limits, sockets: () => sockets },
    onDue() {
      if (drainer.isLastWave) lastAt.push(clock.now() - startedAt);
      for (const { id } of drainer.take()) {
        closed.push(id);
        closedAt.push(clock.now() - startedAt);
      }
    },
  });
  return { clock, closed, closedAt, lastAt, sockets, drainer };
}

test("a few sockets are closed at once, and of none there is one wave", () => {
  for (const count of [10, 0]) {
    const { closedAt, lastAt, drainer } = leaving(count);
    drainer.begin();
    assert.equal([closedAt, lastAt], [Array(count).fill(0), [0]]);
  }
});

test("many sockets are closed in waves at irregular intervals, each once, in about the planned time", () => {
  const { clock, closed, closedAt, lastAt, sockets, drainer } = leaving(100);
  drainer.begin();
  assert.is(closedAt.length, 10);
  assert.equal(lastAt, []);
  clock.advance(1_500);
  assert.is(lastAt.length, 1, "one wave is the last");
  assert.equal(closed.sort(), sockets.map(({ id }) => id).sort());
  const waves = [...new Set(closedAt)];
  assert.is(waves.length, 10);
  assert.equal(waves.at(-1), lastAt[0]);
  const pauses = waves.slice(1).map((at, index) => at - (waves[index] ?? 0));
  assert.ok(new Set(pauses).size > 3, pauses.join());
  assert.ok(
    pauses.every((pause) => pause >= 49 && pause <= 151),
    pauses.join(),
  );
  assert.is(clock.pending, 0);
});

test("closing any number of sockets takes at most 1.5 times closeSpreadMs", () => {
  const { clock, closedAt, lastAt, drainer } = leaving(5_000);
  drainer.begin();
  clock.advance(3_000);
  assert.equal([closedAt.length, lastAt.length], [5_000, 1]);
});

test("hurry closes the rest without a pause, a wave in each turn of the event loop, and no socket twice", () => {
  const { clock, closed, closedAt, lastAt, drainer } = leaving(100);
  drainer.begin();
  drainer.hurry();
  assert.is(closedAt.length, 20);
  clock.turn();
  drainer.hurry();
  assert.is(closedAt.length, 30);
  clock.settle();
  assert.equal([closedAt, lastAt], [Array(100).fill(0), [0]]);
  assert.is(new Set(closed).size, 100);
  assert.is(clock.pending, 0);
});

test("hurried before it begins, it never pauses; stopped, it closes no more and leaves no timer", () => {
  const hurried = leaving(100);
  hurried.drainer.hurry();
  assert.equal(hurried.closedAt, []);
  hurried.drainer.begin();
  hurried.clock.settle();
  assert.equal([hurried.closedAt, hurried.lastAt], [Array(100).fill(0), [0]]);
  for (const isHurried of [false, true]) {
    const { drainer, clock, closedAt, lastAt } = leaving(100);
    if (isHurried) drainer.hurry();
    drainer.begin();
    drainer.stop();
    clock.advance(10_000);
    assert.equal([closedAt.length, lastAt.length, clock.pending], [10, 0, 0]);
  }
});

test.run();
