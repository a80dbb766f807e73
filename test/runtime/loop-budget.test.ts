// What is deferred is shared out over the turns of the loop: in its order, none for longer than it may take, and with
// the sockets looked at in between.
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
/** Node's check phase by hand: what is asked for while one is under way belongs to the next. */
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

test("a turn goes on until it has taken its time; the rest comes in the next ones, in its order", () => {
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
  assert.is(phases.pending, 0, "nothing goes on when nothing is deferred");
});

test("a piece that takes longer than a turn has one for itself, and delays no turn but its own", () => {
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

test("who defers itself again and again does not go before those who have waited", () => {
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

test("what has waited for long is run in a turn that has taken its time, so that nothing waits for ever", () => {
  const phases = new CheckPhases();
  const order: number[] = [];
  for (let piece = 0; piece < 5; piece++)
    phases.turns.defer(() => {
      phases.ms += turnMs;
      order.push(piece);
    });
  phases.turn();
  assert.equal(order, [0]);
  // All that time the loop was busy with its sockets.
  phases.ms += waitMsMax;
  phases.turn();
  assert.equal(order, [0, 1, 2, 3, 4]);
});

test("what the microtasks of a piece take counts for its turn", async () => {
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

test("a socket is heard between pieces that would fill many turns, all deferred at once", async () => {
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
