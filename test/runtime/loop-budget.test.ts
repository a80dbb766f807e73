// Deferred work is spread over the turns of the event loop: in order, with a time limit in each turn, and with socket
// events in between.
import { createConnection, createServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nodeLoop } from "../../src/runtime/clock.ts";
import { LoopBudget } from "../../src/runtime/loop-budget.ts";
import { within } from "../support/deadline.ts";
import { systemClock } from "../support/system-clock.ts";

const test = suite("loop turns");

const turnMs = 1;
const waitMsMax = 100;
/** A simulation of Node's check phase: callbacks scheduled during a phase belong to the next one. */
class CheckPhases {
  ms = 0;
  #immediates: (() => void)[] = [];
  #turn = 0;
  readonly turns = new LoopBudget({
    soon: (run) => this.#immediates.push(run),
    now: () => this.ms,
    turn: () => this.#turn,
    turnMs,
    waitMsMax,
  });

  get pending(): number {
    return this.#immediates.length;
  }

  turn(): void {
    this.#turn++;
    for (const run of this.#immediates.splice(0)) run();
  }
}

const half = turnMs / 2;

test("a turn runs pieces until its time is used up, and the next turns run the rest in order", () => {
  const phases = new CheckPhases();
  const order: number[] = [];
  for (let piece = 0; piece < 5; piece++)
    phases.turns.defer(() => {
      phases.ms += half;
      order.push(piece);
    });
  phases.turn();
  assert.equal(order, [0, 1]);
  phases.turn();
  assert.equal(order, [0, 1, 2, 3]);
  phases.turn();
  assert.equal(order, [0, 1, 2, 3, 4]);
  phases.turn();
  assert.is(phases.pending, 0, "without deferred work nothing is scheduled");
});

test("a piece that takes longer than a turn gets a turn of its own and delays no other turn", () => {
  const phases = new CheckPhases();
  const order: string[] = [];
  const piece = (name: string, tookMs: number): void =>
    phases.turns.defer(() => {
      phases.ms += tookMs;
      order.push(name);
    });
  piece("long", 10 * turnMs);
  piece("a", 0);
  piece("b", 0);
  phases.turn();
  assert.equal(order, ["long"]);
  phases.turn();
  assert.equal(order, ["long", "a", "b"]);
});

test("a piece that defers itself again and again does not run before waiting pieces", () => {
  const phases = new CheckPhases();
  const order: string[] = [];
  const again = (): void => {
    phases.ms += 2 * turnMs;
    order.push("again");
    phases.turns.defer(again);
  };
  phases.turns.defer(again);
  phases.turns.defer(() => order.push("once"));
  phases.turns.defer(() => order.push("twice"));
  phases.turn();
  assert.equal(order, ["again"]);
  phases.turn();
  assert.equal(order, ["again", "once", "twice", "again"]);
});

test("a piece that has waited too long runs even in a turn whose time is used up, so no piece waits forever", () => {
  const phases = new CheckPhases();
  const order: number[] = [];
  for (let piece = 0; piece < 5; piece++)
    phases.turns.defer(() => {
      phases.ms += turnMs;
      order.push(piece);
    });
  phases.turn();
  assert.equal(order, [0]);
  // The event loop was busy with its sockets all that time.
  phases.ms += waitMsMax;
  phases.turn();
  assert.equal(order, [0, 1, 2, 3, 4]);
});

test("the time of a piece's microtasks counts towards its turn", async () => {
  const turns = new LoopBudget({ ...nodeLoop, turnMs, waitMsMax });
  const { promise, resolve } = Promise.withResolvers<void>();
  const order: string[] = [];
  let turn = 0;
  const count = (): void => {
    turn++;
    if (turn < 10) setImmediate(count);
  };
  setImmediate(count);
  turns.defer(() => {
    order.push(`first in turn ${turn}`);
    queueMicrotask(() => {
      const until = systemClock.now() + 2 * turnMs;
      while (systemClock.now() < until);
    });
  });
  turns.defer(() => {
    order.push(`second in turn ${turn}`);
    resolve();
  });
  await within(promise, "the second piece");
  assert.equal(order, ["first in turn 1", "second in turn 2"]);
});

test("socket events are handled between pieces that fill many turns, even if all were deferred at once", async () => {
  const server = createServer((socket) => socket.on("data", (bytes) => socket.write(bytes)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const socket = createConnection(typeof address === "object" && address ? address.port : 0, "127.0.0.1");
  await within(new Promise<void>((resolve) => socket.once("connect", resolve)), "the connection");
  const turns = new LoopBudget({ ...nodeLoop, turnMs, waitMsMax });
  const order: string[] = [];
  const pieces = 40;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (let piece = 1; piece <= pieces; piece++)
    turns.defer(() => {
      const until = systemClock.now() + turnMs;
      while (systemClock.now() < until);
      order.push("piece");
      if (piece === pieces) resolve();
    });
  socket.on("data", () => order.push("heard"));
  socket.write("?");
  await within(promise, "the last piece");
  const heardAt = order.indexOf("heard");
  assert.ok(heardAt > 0 && heardAt < pieces / 2, `${order.join(" ")}`);
  socket.destroy();
  await within(new Promise<void>((done) => server.close(() => done())), "the server to close");
});

test.run();
