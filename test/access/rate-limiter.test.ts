// The command rate of a socket, or of an account over HTTP, on a given clock.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AccountRates, countOf, RateLimiter } from "../../src/access/rate-limiter.ts";
import { limits } from "../../src/limits.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("the rate of commands");
const bounds = { ...limits, commandsBurst: 5, commandsPerSecond: 10, commandRefusalsMax: 3, bytesPerCommand: 1_000 };
const limiter = () => {
  const rate = new RateLimiter(bounds);
  return {
    take: (at: number, count = 1) => rate.take("command", (count - 1) * bounds.bytesPerCommand, at),
    get floods() {
      return rate.floods;
    },
  };
};

test("a burst is accepted at once, then one command per 100 ms, and a refusal has the time to wait", () => {
  const rate = limiter();
  const answers = Array.from({ length: 6 }, () => rate.take(0));
  assert.equal(answers, [0, 0, 0, 0, 0, 100]);
  assert.is(rate.take(60), 40, "the rest of the 100 ms");
  assert.is(rate.take(100), 0);
  assert.is(rate.take(100), 100);
});

test("a client at the steady rate is never refused, however long", () => {
  const rate = limiter();
  for (let at = 0; at <= 60_000; at += 100) assert.is(rate.take(at), 0, String(at));
});

test("a pause fills the bucket, and never beyond a burst", () => {
  const rate = limiter();
  for (let count = 0; count < 5; count++) rate.take(0);
  assert.equal(
    Array.from({ length: 6 }, () => rate.take(3_600_000) > 0),
    [false, false, false, false, false, true],
  );
});

test("a client that keeps sending against refusals counts as flooding; one that pauses after them does not", () => {
  const rate = limiter();
  for (let count = 0; count < 5 + 3; count++) rate.take(0);
  assert.is(rate.floods, false, "as many refusals as allowed");
  rate.take(0);
  assert.is(rate.floods, true);

  const patient = limiter();
  for (let round = 0; round < 100; round++) {
    for (let count = 0; count < 5 + 3; count++) patient.take(round * 500);
    assert.is(patient.floods, false, `round ${round}`);
  }
});

test("a flooding account gets the steady rate, even if each of its many clients waits as told", () => {
  const rate = limiter();
  let taken = 0;
  for (let at = 0; at < 10_000; at += 5) if (rate.take(at) === 0) taken++;
  assert.is(taken, 5 + 99);
  assert.is(rate.floods, true);
});

test("a client that resends exactly when told is sometimes refused, but never counts as flooding", () => {
  const rate = limiter();
  let at = 0;
  for (let count = 0; count < 500; count++) {
    const afterMs = rate.take(at);
    assert.is(rate.floods, false, `${count} at ${at}`);
    at += afterMs;
  }
});

test("a long message counts as several commands, and never as more than a burst", () => {
  const MiB = 2 ** 20;
  assert.equal(
    [0, 65_535, 65_536, MiB, 16 * MiB].map((bytes) => countOf(bytes, limits)),
    [1, 1, 2, 17, 20],
  );
  assert.is(countOf(16 * MiB, { ...limits, commandsBurst: 3 }), 3, "otherwise it could never be sent");
  const rate = limiter();
  assert.is(rate.take(0, 3), 0);
  assert.is(rate.take(0, 3), 100, "two are left, and the third comes in 100 ms");
  assert.is(rate.take(100, 3), 0);
  for (let count = 0; count < 2; count++) rate.take(100, 3);
  assert.is(rate.floods, true, "a refusal counts as many as its message");
});

test("time that goes back or does not advance during a flood adds nothing to the bucket", () => {
  const rate = limiter();
  for (let count = 0; count < 5; count++) assert.is(rate.take(1_000), 0);
  assert.is(rate.take(1_000), 100);
  assert.is(rate.take(400), 100);
  assert.is(rate.take(1_050), 50);
});

test("reads have their own bucket", () => {
  const rate = new RateLimiter({ ...bounds, readsBurst: 2, readsPerSecond: 1 });
  assert.equal(
    [1, 2, 3].map(() => rate.take("read", 0, 0)),
    [0, 0, 1_000],
  );
  assert.is(rate.take("command", 0, 0), 0);
});

test("each account has its own rate, and is forgotten when its bucket is full", () => {
  const clock = new SimulatedClock();
  const rates = new AccountRates(clock, { ...bounds, commandsBurst: 1 });
  assert.is(rates.take("alice 10.0.0.1", "command", 0), 0);
  assert.is(rates.take("bob 10.0.0.1", "command", 0), 0);
  assert.is(rates.take("alice 10.0.0.1", "command", 0), 100);
  assert.is(rates.floods("alice 10.0.0.1"), false);
  for (let count = 0; count < 3; count++) rates.take("alice 10.0.0.1", "command", 0);
  assert.is(rates.floods("alice 10.0.0.1"), true);
  assert.is(rates.floods("bob 10.0.0.1"), false);
  assert.is(rates.size, 2);
  clock.advance(1_000);
  rates.take("carol 10.0.0.1", "command", 0);
  assert.is(rates.size, 1, "the other two have waited long enough");
});

test.run();
