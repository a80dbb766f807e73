// How long a feed waits before a flush, depending on the number of its watchers and the lateness of the event loop.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { FlushInterval, latenessKeptMs } from "../../src/streams/flush-interval.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("flushInterval");

function open() {
  const clock = new SimulatedClock();
  return { clock, flushInterval: new FlushInterval(clock, limits) };
}

test("the pause grows with the number of watchers, from 0 to 25 ms", () => {
  const { flushInterval } = open();
  const pauses = [0, 1, 9, 10, 100, 249, 250, 50_000].map((watchers) => flushInterval.intervalMs(watchers));
  assert.equal(pauses, [0, 0, 0, 1, 10, 24, 25, 25]);
});

test("a late event loop lengthens the pause by its lateness, up to 50 ms", () => {
  const { clock, flushInterval } = open();
  for (const [lateMs, wanted] of [
    [1, 25],
    [2, 25],
    [12, 35],
    [27, 50],
    [500, 50],
  ] as const) {
    const { clock: itsClock, flushInterval: itsPace } = open();
    itsClock.advance(lateMs);
    itsPace.ran(0);
    assert.is(itsPace.intervalMs(1_000), wanted, `${lateMs} ms late`);
  }
  clock.advance(12);
  flushInterval.ran(0);
  assert.is(flushInterval.intervalMs(1), 10, "also with one watcher: each saved write relieves the event loop");
});

test("lateness decreases with each flush that is on time, and is forgotten when nothing is flushed", () => {
  const { clock, flushInterval } = open();
  clock.advance(42);
  flushInterval.ran(0);
  const seen = Array.from({ length: 6 }, () => {
    const { latenessMs } = { latenessMs: flushInterval.latenessMs() };
    flushInterval.ran(clock.now());
    return latenessMs;
  });
  assert.equal(seen, [40, 30, 22, 16, 12, 9]);
  clock.advance(latenessKeptMs);
  assert.is(flushInterval.latenessMs(), 0);
});

test.run();
