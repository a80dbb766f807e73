// The bucket of requests that a socket may send, on a clock that is given.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { countOf, TokenBucket } from "../../src/access/rate-limiter.ts";
import { limits } from "../../src/limits.ts";

const test = suite("the rate of commands");
const bounds = { burst: 5, perSecond: 10, refusalsMax: 3 };

test("a burst is let through at once, then one each tenth of a second, and who waits is told how long", () => {
  const rate = new TokenBucket(bounds, 0);
  const answers = Array.from({ length: 6 }, () => rate.take(0));
  assert.equal(answers, [0, 0, 0, 0, 0, 100]);
  assert.is(rate.take(60), 40, "the rest of the tenth");
  assert.is(rate.take(100), 0);
  assert.is(rate.take(100), 100);
});

test("who keeps to the steady rate is never refused, however long", () => {
  const rate = new TokenBucket(bounds, 0);
  for (let at = 0; at <= 60_000; at += 100) assert.is(rate.take(at), 0, String(at));
});

test("a pause fills the bucket, and never beyond a burst", () => {
  const rate = new TokenBucket(bounds, 0);
  for (let count = 0; count < 5; count++) rate.take(0);
  assert.equal(
    Array.from({ length: 6 }, () => rate.take(3_600_000) > 0),
    [false, false, false, false, false, true],
  );
});

test("who goes on against refusals floods; one that was refused and paused does not", () => {
  const rate = new TokenBucket(bounds, 0);
  for (let count = 0; count < 5 + 3; count++) rate.take(0);
  assert.is(rate.isFlood, false, "as often as allowed");
  rate.take(0);
  assert.is(rate.isFlood, true);

  const patient = new TokenBucket(bounds, 0);
  for (let round = 0; round < 100; round++) {
    for (let count = 0; count < 5 + 3; count++) patient.take(round * 500);
    assert.is(patient.isFlood, false, `round ${round}`);
  }
});

test("who sends again just when it is told to is refused now and then, and is no flood, however long", () => {
  const rate = new TokenBucket(bounds, 0);
  let at = 0;
  for (let count = 0; count < 500; count++) {
    const afterMs = rate.take(at);
    assert.is(rate.isFlood, false, `${count} at ${at}`);
    at += afterMs;
  }
});

test("a long message counts as several, and never as more than a burst", () => {
  const MiB = 2 ** 20;
  assert.equal(
    [0, 65_535, 65_536, MiB, 16 * MiB].map((bytes) => countOf(bytes, limits)),
    [1, 1, 2, 17, 20],
  );
  assert.is(countOf(16 * MiB, { ...limits, commandsBurst: 3 }), 3, "or it could never be sent");
  const rate = new TokenBucket(bounds, 0);
  assert.is(rate.take(0, 3), 0);
  assert.is(rate.take(0, 3), 100, "two are left, the third comes in a tenth of a second");
  assert.is(rate.take(100, 3), 0);
  for (let count = 0; count < 2; count++) rate.take(100, 3);
  assert.is(rate.isFlood, true, "refusals count as many");
});

test("time that goes back, or stands still while a flood is read, fills nothing", () => {
  const rate = new TokenBucket(bounds, 1_000);
  for (let count = 0; count < 5; count++) assert.is(rate.take(1_000), 0);
  assert.is(rate.take(1_000), 100);
  assert.is(rate.take(400), 100);
  assert.is(rate.take(1_050), 50);
});

test.run();
