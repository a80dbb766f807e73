// A write to many members in slices: a walk reaches each member once, members may join and leave during it, and new
// data goes out in the next walk.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { FanOut } from "../../src/runtime/fan-out.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("fan-out");

function open(count: number, perLoopTurn = 10) {
  const clock = new SimulatedClock();
  const members = new Set(Array.from({ length: count }, (_, index) => index));
  const written: [number, number][] = [];
  let begun = 0;
  const each: { run: ((member: number) => void) | undefined } = { run: undefined };
  const bounds = { ...limits, socketsPerLoopTurn: perLoopTurn };
  const fanOut = new FanOut<number>({
    clock,
    limits: bounds,
    members: () => members,
    begin: () => {
      begun++;
    },
    write: (member) => {
      written.push([begun, member]);
      each.run?.(member);
    },
  });
  return { clock, members, written, fanOut, each, begun: () => begun };
}

test("a walk begins after the tick and reaches each member once, a bounded number in each event loop turn", () => {
  const { clock, written, fanOut } = open(25);
  fanOut.want();
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

test("several requests in one tick cause one walk", () => {
  const { clock, fanOut, begun } = open(3);
  for (let count = 0; count < 5; count++) fanOut.want();
  clock.turn();
  assert.is(begun(), 1);
  assert.is(clock.pending, 0);
});

test("a request during a walk causes the next walk after it", () => {
  const { clock, written, fanOut } = open(25);
  fanOut.want();
  clock.turn();
  fanOut.want();
  fanOut.want();
  while (clock.pending > 0) clock.turn();
  assert.equal(
    written.map(([pass]) => pass),
    [...Array(25).fill(1), ...Array(25).fill(2)],
  );
});

test("a request inside a write causes the next walk", () => {
  const { clock, written, fanOut, each } = open(2);
  each.run = (member) => {
    if (member === 0 && written.length < 4) fanOut.want();
  };
  fanOut.want();
  while (clock.pending > 0) clock.turn();
  assert.is(written.length, 6);
});

test("a member that leaves before its turn is skipped, and a new member is reached", () => {
  const { clock, members, written, fanOut } = open(12);
  fanOut.want();
  clock.turn();
  members.delete(11);
  members.add(99);
  while (clock.pending > 0) clock.turn();
  assert.equal(
    written.slice(10).map(([, member]) => member),
    [10, 99],
  );
});

test("a walk without members ends at once, and the next one works", () => {
  const { clock, members, written, fanOut } = open(0);
  fanOut.want();
  clock.turn();
  assert.is(clock.pending, 0);
  members.add(1);
  fanOut.want();
  clock.turn();
  assert.equal(written, [[2, 1]]);
});

test("a callback for the end of the fan-out is called at once if no walk was requested", () => {
  const { fanOut } = open(3);
  let called = 0;
  fanOut.whenIdle(() => void called++);
  assert.is(called, 1);
});

test("a callback for the end of the fan-out is called once, after all requested walks", () => {
  const { clock, written, fanOut } = open(15);
  const at: number[] = [];
  fanOut.want();
  fanOut.whenIdle(() => at.push(written.length));
  clock.turn();
  fanOut.want();
  fanOut.whenIdle(() => at.push(written.length));
  while (clock.pending > 0) clock.turn();
  assert.equal(at, [30, 30]);
  fanOut.want();
  while (clock.pending > 0) clock.turn();
  assert.equal(at, [30, 30]);
});

test.run();
