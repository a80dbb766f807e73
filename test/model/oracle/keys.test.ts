// Unit tests of the oracle for requests with an idempotency key: which ones repeat a success, which are refused, and
// which are new (protocol 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { KeyableRequest } from "./messages.ts";
import { done, isBroken, isFine, opening, sealed, storyOfV1 } from "./told.ts";

const test = suite("model: oracle of keys");

const conversationId = "c";

const keyed: KeyableRequest = { type: "chat.send", conversationId, message: "x", idempotencyKey: "k" };

/** A turn that Ann has started with a keyed request. */
function keyedTurn() {
  const told = storyOfV1("Bob");
  told.asks("Ann", { ...keyed, id: "a" });
  const hear = told.oracle.port.asksForTurn("c", "x");
  told.emits("t1", opening("x"));
  hear({ started: true, turnId: "t1" });
  told.replies("Ann", "a", { conversationId, turnId: "t1" });
  told.hears("Ann", "t1", opening("x"));
  return told;
}

test("a request repeated under its key gets the first success and a subscription, and starts nothing", () => {
  const { oracle, asks, replies, hears } = keyedTurn();
  asks("Bob", { ...keyed, id: "b" });
  replies("Bob", "b", { conversationId, turnId: "t1" });
  isBroken(oracle, /Bob: c: <t1 user-message "x"> never came/);
  hears("Bob", "t1", opening("x"));
  isFine(oracle);
  assert.is(oracle.tally().repeats, 1);
  asks("Bob", { ...keyed, id: "c" });
  oracle.port.asksForTurn("c", "x")({ started: false, reason: "already-active" });
  assert.match(oracle.faults.join(), /asked for a turn of c for "x", though the key of .*"k".* had succeeded/);
});

test("a different request under a used key is refused, but not in another conversation", () => {
  const { oracle, asks, replies } = keyedTurn();
  asks("Bob", { ...keyed, message: "y", id: "b" });
  replies("Bob", "b", { conversationId, turnId: "t1" });
  isBroken(oracle, /came, where no .*idempotency-conflict/);
  const other = keyedTurn();
  other.asks("Bob", { ...keyed, message: "y", id: "b" });
  const sentence = "chat.send: this idempotencyKey was used for another request: use a new one, or repeat that";
  other.refuses("Bob", "b", "idempotency-conflict", `${sentence} request unchanged`, false);
  isFine(other.oracle);
  other.asks("Bob", { ...keyed, conversationId: "d", id: "c" });
  other.oracle.port.asksForTurn("d", "x")({ started: true, turnId: "t2" });
  assert.equal(other.oracle.faults, []);
});

test("a refusal is not remembered: the repeated request must reach the port again", () => {
  const { oracle, asks, begins, emits, hears, refuses } = storyOfV1("Bob");
  begins("t1");
  const running = "a turn is already generating for this conversation";
  for (const id of ["a", "b"]) {
    asks("Bob", { ...keyed, id });
    oracle.port.asksForTurn("c", "x")({ started: false, reason: "already-active" });
    refuses("Bob", id, "turn-running", running, true);
  }
  emits("t1", done, sealed);
  for (const name of ["Ann", "Bob"]) hears(name, "t1", opening("t1"), done, sealed);
  isFine(oracle);
  asks("Bob", { ...keyed, id: "c" });
  refuses("Bob", "c", "turn-running", running, true);
  isBroken(oracle, /the port was never asked for .*"k"/);
});

test("when two clients send the same keyed request at the same time, either may be the first", () => {
  for (const [first, second] of [
    ["Ann", "Bob"],
    ["Bob", "Ann"],
  ] as const) {
    const { oracle, asks, emits, replies, refuses, hears } = storyOfV1("Bob");
    for (const name of ["Ann", "Bob"]) asks(name, { ...keyed, id: name });
    oracle.port.asksForTurn("c", "x")({ started: false, reason: "refusing-turns", message: "no" });
    const hear = oracle.port.asksForTurn("c", "x");
    emits("t1", opening("x"));
    hear({ started: true, turnId: "t1" });
    refuses(first, first, "refusing-turns", "no", true);
    replies(second, second, { conversationId, turnId: "t1" });
    hears(second, "t1", opening("x"));
    assert.equal(
      oracle.problems(true).filter((problem) => !problem.includes("for no reason")),
      [],
    );
  }
});

test("a keyed text that is queued does not subscribe its sender, and neither does its repetition", () => {
  const { oracle, asks, replies } = keyedTurn();
  const queued: KeyableRequest = { type: "chat.queue", conversationId, text: "y", idempotencyKey: "k2" };
  asks("Bob", { ...queued, id: "b" });
  oracle.port.asksToQueue("c", "y")({ startedTurn: false, messageId: "m", queue: [] });
  asks("Bob", { ...queued, id: "c" });
  for (const id of ["b", "c"]) replies("Bob", id, { conversationId, startedTurn: false, messageId: "m" });
  isFine(oracle);
  assert.is(oracle.socket("Bob").watches.length, 0);
});

test.run();
