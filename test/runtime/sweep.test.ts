// The single timer for all sockets. It runs only while there is something to check.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { Sweep } from "../../src/runtime/sweep.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("sweep");

function open(...busy: boolean[]) {
  const clock = new SimulatedClock();
  const rounds: [number, number][] = [];
  const state = [...busy];
  const sweep = new Sweep(
    clock,
    limits,
    state.map((_, index) => (now: number) => {
      rounds.push([index, now]);
      return state[index] === true;
    }),
  );
  return { clock, sweep, rounds, state };
}

test("every round is called once a second, even after a round that still has work", () => {
  const { clock, sweep, rounds } = open(true, false, true);
  sweep.start();
  clock.advance(2_000);
  assert.equal(rounds, [
    [0, 1_000],
    [1, 1_000],
    [2, 1_000],
    [0, 2_000],
    [1, 2_000],
    [2, 2_000],
  ]);
});

test("a late round is postponed once, so that data received in the meantime is read before sockets are judged", () => {
  const { clock, sweep, rounds } = open(true);
  sweep.start();
  clock.hold(15_000);
  clock.advance(0);
  assert.equal(rounds, []);
  clock.advance(1_000);
  assert.equal(rounds, [[0, 16_000]]);
  for (let round = 0; round < 4; round++) {
    clock.hold(5_000);
    clock.advance(0);
  }
  assert.is(rounds.length, 3, "with an event loop that is always late, every other round is called");
});

test("the sweep ends when no round has work left, and begins again when it is started", () => {
  const { clock, sweep, rounds, state } = open(true);
  sweep.start();
  clock.advance(1_000);
  state[0] = false;
  clock.advance(10_000);
  assert.is(rounds.length, 2);
  assert.is(clock.pending, 0);
  sweep.start();
  clock.advance(1_000);
  assert.is(rounds.length, 3);
});

test("a second start has no effect", () => {
  const { clock, sweep, rounds } = open(false);
  sweep.start();
  sweep.start();
  assert.is(clock.pending, 1);
  clock.advance(5_000);
  assert.is(rounds.length, 1);
});

test("a stopped sweep leaves no timer, and a second stop is harmless", () => {
  const { clock, sweep, rounds } = open(true);
  sweep.stop();
  sweep.start();
  sweep.stop();
  sweep.stop();
  assert.is(clock.pending, 0);
  clock.advance(5_000);
  assert.equal(rounds, []);
  sweep.start();
  clock.advance(1_000);
  assert.is(rounds.length, 1, "the sweep can be started again");
  sweep.stop();
});

test.run();
