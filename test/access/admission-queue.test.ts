// New connections are admitted at once while there is time, in their order, and more slowly where others of their
// account keep disconnecting at once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AdmissionQueue } from "../../src/access/admission-queue.ts";
import { type Limits, limits } from "../../src/limits.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("queue");

const usual = {
  inputMsPerLoopTurn: 1,
  pendingUpgradesMax: 50,
  shortLivedSocketsBurst: 10,
  shortLivedSocketsPerSecond: 20,
};

/** @param takesMs what it takes to take one in. */
function open(takesMs = 0, bounds: Partial<Limits> = {}) {
  const clock = new SimulatedClock();
  const queue = new AdmissionQueue(clock, { ...limits, ...usual, ...bounds });
  const taken: string[] = [];
  const turnedAway: string[] = [];
  const come = (name: string, account = "us"): boolean =>
    queue.admit(account, {
      takeIn: () => {
        taken.push(name);
        clock.hold(takesMs);
      },
      turnAway: () => turnedAway.push(name),
    });
  const penalise = (count: number, account = "us"): void => {
    for (let times = 0; times < count; times++) queue.penalise(account);
  };
  return { clock, queue, taken, turnedAway, come, penalise };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

test("one who comes where nobody else does is taken in at once", () => {
  const { clock, taken, come } = open(5);
  assert.ok(come("a"));
  assert.equal(taken, ["a"]);
  clock.settle();
  assert.is(clock.pending, 0);
});

test("of many who come at once each turn of the loop takes in as many as there is time for, in their order", () => {
  const { clock, queue, taken, come } = open(0.3);
  for (const name of names(20)) assert.ok(come(name));
  assert.is(taken.length, 4);
  assert.is(queue.waiting, 16);
  clock.turn();
  assert.is(taken.length, 8);
  clock.settle();
  assert.equal(taken, names(20));
  assert.is(queue.waiting, 0);
  assert.is(clock.pending, 0);
});

test("one more than may wait is not taken in, and is told so", () => {
  const { clock, taken, come } = open(1);
  const admitted = names(60).map((name) => come(name));
  assert.is(admitted.indexOf(false), 51, "one at once, and fifty wait");
  clock.settle();
  assert.is(taken.length, 51);
});

test("some may be short-lived, and those after them wait for nothing", () => {
  const { taken, come, penalise } = open();
  for (const name of names(11)) {
    come(name);
    penalise(1);
  }
  assert.is(taken.length, 11);
});

test("when many of an account are short-lived, a few a second are taken in, and others wait for nothing", () => {
  const { clock, queue, taken, come, penalise } = open();
  const seen: number[] = [];
  // Each comes again as soon as it is gone.
  const comeAgain = (): void => {
    const takeIn = (): void => {
      seen.push(clock.now());
      clock.defer(() => {
        penalise(1, "them");
        comeAgain();
      });
    };
    queue.admit("them", { takeIn, turnAway: comeAgain });
  };
  for (let count = 0; count < 5; count++) comeAgain();
  clock.advance(5_000);
  assert.ok(come("one of us"));
  clock.turn();
  assert.equal(taken, ["one of us"]);
  assert.ok(come("one beside them", "them"));
  clock.advance(5_000);
  assert.ok(seen.length >= 205 && seen.length <= 220, `${seen.length} in 10 s: 20 a second, and the first ten`);
  assert.equal(taken, ["one of us", "one beside them"], "who comes beside them has its turn");
  assert.is(queue.waiting, 5);
});

test("where too many come the newest are first, and who has waited for too long is turned away", () => {
  const { clock, queue, turnedAway, penalise } = open(0, { handshakeMs: 5_000, pendingUpgradesMax: 1_000 });
  penalise(500);
  const waitedMs: number[] = [];
  let serial = 0;
  for (let ms = 0; ms < 60_000; ms += 20) {
    const name = `${serial++}`;
    const cameAt = clock.now();
    const takeIn = (): void => {
      waitedMs.push(clock.now() - cameAt);
      penalise(1);
    };
    queue.admit("us", { takeIn, turnAway: () => turnedAway.push(name) });
    clock.advance(20);
    clock.settle();
  }
  assert.ok(queue.waiting < 400, `${queue.waiting} wait: those of the last five seconds, and a few`);
  assert.ok(waitedMs.length > 1_100, `20 a second of 50 are taken in: ${waitedMs.length}`);
  const soon = waitedMs.filter((waited) => waited < 1_000).length;
  assert.ok(soon > 0.9 * waitedMs.length, `${soon} of ${waitedMs.length} of them within a second`);
  assert.ok(turnedAway.length > 1_000, `${turnedAway.length} were turned away`);
});

test("when thousands leave at once, who comes next waits for a second and no longer", () => {
  const { clock, taken, come, penalise } = open();
  penalise(5_000);
  come("a");
  assert.is(taken.length, 0);
  clock.advance(1_000);
  assert.equal(taken, ["a"]);
});

test("nothing is kept of who was taken in, nor for long of accounts that owe", () => {
  const { clock, queue, come, penalise } = open(0.1);
  for (const name of names(1_000)) penalise(1, name);
  assert.is(queue.accounts, 1_000);
  clock.advance(5_000);
  penalise(1, "another");
  assert.is(queue.accounts, 1);
  for (let count = 0; count < 200; count++) {
    come(`${count}`, `account ${count}`);
    clock.advance(1);
  }
  clock.advance(5_000);
  penalise(1, "another");
  assert.is(queue.accounts, 1);
  assert.is(queue.waiting, 0);
});

test("who goes while it waits is not taken in, and no timer is left for it", () => {
  const { clock, queue, taken, come, penalise } = open();
  penalise(30);
  const gone = { takeIn: () => taken.push("gone"), turnAway: () => taken.push("gone, turned away") };
  queue.admit("us", gone);
  assert.is(clock.pending, 1);
  queue.withdraw("us", gone);
  assert.is(clock.pending, 0);
  assert.is(queue.waiting, 0);
  come("a");
  queue.admit("us", gone);
  come("b");
  queue.withdraw("us", gone);
  queue.withdraw("us", gone);
  queue.withdraw("nobody", gone);
  assert.is(queue.waiting, 2);
  clock.advance(3_000);
  assert.equal(taken, ["a", "b"]);
  queue.withdraw("us", gone);
  assert.is(queue.waiting, 0);
  assert.is(clock.pending, 0);
});

test("when it is stopped nobody is taken in, and no timer is left", () => {
  const { clock, queue, taken, come, penalise } = open();
  penalise(100);
  come("a");
  queue.stop();
  assert.is(clock.pending, 0);
  assert.not(come("b"));
  clock.advance(5_000);
  assert.equal(taken, []);
});

test.run();
