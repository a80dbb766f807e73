// One write to many, in slices: each member is reached once a pass, newcomers and leavers do no harm, and what becomes
// new on the way goes out in the next pass.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { FanOut } from "../../src/runtime/fan-out.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("passes");

function open(count: number, perLoopTurn = 10) {
  const clock = new SimulatedClock();
  const members = new Set(Array.from({ length: count }, (_, index) => index));
  const written: [number, number][] = [];
  let begun = 0;
  const each: { run: ((member: number) => void) | undefined } = { run: undefined };
  const bounds = { ...limits, socketsPerLoopTurn: perLoopTurn };
  const passes = new FanOut<number>(
    clock,
    bounds,
    () => members,
    () => {
      begun++;
    },
    (member) => {
      written.push([begun, member]);
      each.run?.(member);
    },
  );
  return { clock, members, written, passes, each, begun: () => begun };
}

test("a pass begins after the tick and reaches everybody once, so many in a turn of the loop", () => {
  const { clock, written, passes } = open(25);
  passes.want();
  assert.is(written.length, 0);
  const seen: number[] = [];
  while (clock.pending > 0) {
    clock.turn();
    seen.push(written.length);
  }
  assert.equal(seen, [10, 20, 25]);
  assert.equal(
    written.map(([, member]) => member),
    Array.from({ length: 25 }, (_, index) => index),
  );
});

test("what is asked for several times in a tick is one pass", () => {
  const { clock, passes, begun } = open(3);
  for (let count = 0; count < 5; count++) passes.want();
  clock.turn();
  assert.is(begun(), 1);
  assert.is(clock.pending, 0);
});

test("what becomes new while a pass is under way goes out in the next, after it", () => {
  const { clock, written, passes } = open(25);
  passes.want();
  clock.turn();
  passes.want();
  passes.want();
  while (clock.pending > 0) clock.turn();
  assert.equal(
    written.map(([pass]) => pass),
    [...Array(25).fill(1), ...Array(25).fill(2)],
  );
});

test("what a write itself makes new goes out in the next pass", () => {
  const { clock, written, passes, each } = open(2);
  each.run = (member) => {
    if (member === 0 && written.length < 4) passes.want();
  };
  passes.want();
  while (clock.pending > 0) clock.turn();
  assert.is(written.length, 6);
});

test("who leaves before it is reached is left out, and a newcomer is reached", () => {
  const { clock, members, written, passes } = open(12);
  passes.want();
  clock.turn();
  members.delete(11);
  members.add(99);
  while (clock.pending > 0) clock.turn();
  assert.equal(
    written.slice(10).map(([, member]) => member),
    [10, 99],
  );
});

test("a pass over nobody ends at once, and the next one works", () => {
  const { clock, members, written, passes } = open(0);
  passes.want();
  clock.turn();
  assert.is(clock.pending, 0);
  members.add(1);
  passes.want();
  clock.turn();
  assert.equal(written, [[2, 1]]);
});

test("who waits for the passes to be over is called at once when none is asked for", () => {
  const { passes } = open(3);
  let called = 0;
  passes.whenIdle(() => void called++);
  assert.is(called, 1);
});

test("who waits for the passes to be over is called after all that were asked for, once", () => {
  const { clock, written, passes } = open(15);
  const at: number[] = [];
  passes.want();
  passes.whenIdle(() => at.push(written.length));
  clock.turn();
  passes.want();
  passes.whenIdle(() => at.push(written.length));
  while (clock.pending > 0) clock.turn();
  assert.equal(at, [30, 30]);
  passes.want();
  while (clock.pending > 0) clock.turn();
  assert.equal(at, [30, 30]);
});

test.run();
