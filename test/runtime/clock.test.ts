// Both clocks and sleep. Timers of the system clock fire, the simulated clock advances only when told, and a sleep ends
// after its time or at once on abort.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { createSystemClock, sleep } from "../../src/runtime/clock.ts";
import { SimulatedClock } from "../support/clock.ts";
import { within } from "../support/deadline.ts";

const test = suite("clock");
const systemClock = createSystemClock(limits);

test("the system clock has wall time and monotonic time", () => {
  assert.ok(Math.abs(systemClock.wall() - Date.now()) < 1_000);
  const before = systemClock.now();
  assert.ok(systemClock.now() >= before);
});

test("a timer of the system clock fires, and a cleared timer does not", async () => {
  const fired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const cleared = systemClock.setTimeout(() => fired.push("cleared"), 1);
  systemClock.setTimeout(() => {
    fired.push("fired");
    resolve();
  }, 5);
  systemClock.clearTimeout(cleared);
  await within(promise, "a timer");
  assert.equal(fired, ["fired"]);
});

test("deferred work runs in a later turn of the event loop, after the microtasks of the current turn", async () => {
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.defer(() => {
    order.push("deferred");
    resolve();
  });
  queueMicrotask(() => order.push("microtask"));
  order.push("now");
  await within(promise, "deferred work");
  assert.equal(order, ["now", "microtask", "deferred"]);
});

test("a sleep ends after its time and leaves no timer", async () => {
  const clock = new SimulatedClock();
  let awake = false;
  const sleeping = sleep(clock, 1_000).then(() => {
    awake = true;
  });
  clock.advance(999);
  await Promise.resolve();
  assert.is(awake, false);
  clock.advance(1);
  await within(sleeping, "the sleeper to wake");
  assert.is(clock.pending, 0);
});

test("a sleep whose signal is aborted ends at once, and leaves neither timer nor listener", async () => {
  const clock = new SimulatedClock();
  const { signal, abort } = countedSignal();
  const sleeping = sleep(clock, 1_000, signal);
  assert.is(clock.pending, 1);
  abort();
  await within(sleeping, "the sleeper to wake");
  assert.is(clock.pending, 0);
  assert.is(signal.listeners, 0);
});

test("a sleep that ends after its time leaves no listener on its signal", async () => {
  const clock = new SimulatedClock();
  const { signal } = countedSignal();
  const sleeping = sleep(clock, 10, signal);
  assert.is(signal.listeners, 1);
  clock.advance(10);
  await within(sleeping, "the sleeper to wake");
  assert.is(signal.listeners, 0);
});

test("a sleep with an aborted signal ends at once", async () => {
  const clock = new SimulatedClock();
  await within(sleep(clock, 1_000, AbortSignal.abort()), "the sleeper to wake");
  assert.is(clock.pending, 0);
});

/** A signal that counts its listeners. */
function countedSignal() {
  const controller = new AbortController();
  const signal = Object.assign(controller.signal, { listeners: 0 });
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    signal.listeners++;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    signal.listeners--;
    removeEventListener.apply(signal, given);
  };
  return { signal, abort: () => controller.abort() };
}

// ── the simulated clock ───────────────────────────────────────────────────────────────────────────────────────────

test("the simulated clock fires timers in order, each at its time", () => {
  const clock = new SimulatedClock(1_000);
  const fired: [string, number, number][] = [];
  const note = (name: string) => () => void fired.push([name, clock.now(), clock.wall()]);
  clock.setTimeout(note("late"), 30);
  clock.setTimeout(() => {
    note("early")();
    clock.setTimeout(note("nested"), 5);
  }, 10);
  clock.setTimeout(note("first of two"), 20);
  clock.setTimeout(note("second of two"), 20);
  clock.advance(29);
  assert.equal(fired, [
    ["early", 10, 1_010],
    ["nested", 15, 1_015],
    ["first of two", 20, 1_020],
    ["second of two", 20, 1_020],
  ]);
  assert.is(clock.pending, 1);
  clock.advance(1);
  assert.is(fired.at(-1)?.[0], "late");
});

test("deferred work of the simulated clock, and work that it defers, runs before the next timer", () => {
  const clock = new SimulatedClock();
  const order: string[] = [];
  clock.setTimeout(() => order.push("timer"), 0);
  clock.defer(() => {
    order.push("first");
    clock.defer(() => order.push("second"));
  });
  clock.settle();
  assert.equal(order, ["first", "second"]);
  clock.advance(0);
  assert.equal(order, ["first", "second", "timer"]);
});

test.run();
