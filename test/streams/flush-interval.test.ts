// How long a feed gathers: by the number of its watchers, and by how late the event loop is.
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

test("the pause grows with the watchers, from none to 25 ms", () => {
  const { flushInterval } = open();
  const pauses = [0, 1, 9, 10, 100, 249, 250, 50_000].map((watchers) => flushInterval.intervalMs(watchers));
  assert.equal(pauses, [0, 0, 0, 1, 10, 24, 25, 25]);
});

test("a loop that is late lengthens the pause by its lateness, up to 50 ms", () => {
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
  assert.is(flushInterval.intervalMs(1), 10, "also where one watches: each write saved helps everybody");
});

test("lateness fades with each flush in time, and is forgotten when nothing is flushed", () => {
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
