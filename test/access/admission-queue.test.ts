// New connections are admitted in order, at once while there is time, and more slowly for an account with many
// short-lived connections.
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

/** @param takesMs the time that one admission takes. */
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

test("a single new connection is admitted at once", () => {
  const { clock, taken, come } = open(5);
  assert.ok(come("a"));
  assert.equal(taken, ["a"]);
  clock.settle();
  assert.is(clock.pending, 0);
});

test("each turn of the event loop admits as many connections as there is time for, in order", () => {
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

test("a connection beyond the maximum queue length is refused", () => {
  const { clock, taken, come } = open(1);
  const admitted = names(60).map((name) => come(name));
  assert.is(admitted.indexOf(false), 51, "one is admitted at once, and fifty wait");
  clock.settle();
  assert.is(taken.length, 51);
});

test("a few short-lived connections do not delay the next ones", () => {
  const { taken, come, penalise } = open();
  for (const name of names(11)) {
    come(name);
    penalise(1);
  }
  assert.is(taken.length, 11);
});

test("an account with many short-lived connections gets a few admissions a second, and others are not delayed", () => {
  const { clock, queue, taken, come, penalise } = open();
  const seen: number[] = [];
  // Each client reconnects as soon as it has disconnected.
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
  assert.equal(taken, ["one of us", "one beside them"], "another client of the same account gets its turn");
  assert.is(queue.waiting, 5);
});

test("with too many connections the newest are admitted first, and those that waited too long are refused", () => {
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
  assert.ok(
    queue.waiting < 400,
    `${queue.waiting} wait, but only those of the last five seconds and a few more should`,
  );
  assert.ok(waitedMs.length > 1_100, `20 of 50 connections per second should be admitted: ${waitedMs.length}`);
  const soon = waitedMs.filter((waited) => waited < 1_000).length;
  assert.ok(soon > 0.9 * waitedMs.length, `${soon} of ${waitedMs.length} admitted within a second`);
  assert.ok(turnedAway.length > 1_000, `${turnedAway.length} were refused`);
});

test("after thousands of disconnects at once, the next connection waits for at most a second", () => {
  const { clock, taken, come, penalise } = open();
  penalise(5_000);
  come("a");
  assert.is(taken.length, 0);
  clock.advance(1_000);
  assert.equal(taken, ["a"]);
});

test("nothing is kept of admitted connections, and delayed accounts are soon forgotten", () => {
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

test("a connection that closes while it waits is not admitted, and leaves no timer", () => {
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

test("after a stop no connection is admitted, and no timer is left", () => {
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
