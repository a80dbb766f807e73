// Unit tests of the oracle for requests with an id: which replies it expects, and that base sockets see nothing of
// turnwire.v1 (protocol 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { malformedRequests } from "./refusals.ts";
import { isBroken, isFine, opening, say, sealed, story, storyOfV1 } from "./told.ts";

const test = suite("model: oracle of replies");

const conversationId = "c";
const subscribe = { type: "chat.subscribe", conversationId } as const;
const epoch = "e";

test("each request with an id must get one reply, and a request without an id none", () => {
  const { oracle, asks, posts, replies, pongs } = storyOfV1();
  asks("Ann", { type: "chat.unsubscribe", conversationId, id: "a" });
  asks("Ann", { type: "chat.unsubscribe", conversationId });
  posts("Ann", "ping");
  pongs("Ann");
  isBroken(oracle, /the reply to a never came: ok/);
  replies("Ann", "a", {});
  isFine(oracle);
  replies("Ann", "a", {});
  isBroken(oracle, /a second reply to a came/);
  replies("Ann", "b", {});
  assert.is(oracle.socket("Ann").replies.received.length, 3);
});

test("a reply without a request is reported, and so is a reply with the wrong contents", () => {
  const one = storyOfV1();
  one.replies("Ann", "x", {});
  isBroken(one.oracle, /the reply ok .* to x came, and nobody asked/);
  const other = storyOfV1();
  other.asks("Ann", { type: "chat.cancel", conversationId, turnId: "t0", id: "a" });
  other.replies("Ann", "a", { cancelled: true });
  isBroken(other.oracle, /"cancelled":true.* to a came, where ok .*"cancelled":false.* was due/);
});

test("a refusal of a request with an id comes in its reply, and not in a message of its own", () => {
  const { oracle, asks, refuses } = storyOfV1();
  const [, malformed] = malformedRequests("c");
  if (!malformed) throw new Error("there is no such request");
  const { refusal } = malformed;
  asks("Ann", { type: "malformed", refusal, id: "a" });
  asks("Ann", { type: "subscribe", surfaceId: "none", id: "b" });
  refuses("Ann", "b", "unknown-surface", "Unknown surface: none", false);
  isBroken(oracle, /the reply to a never came: no .*text-required/);
  refuses("Ann", "a", "text-required", refusal.message, false);
  isFine(oracle);
  oracle.receives("Ann", { type: "chat.error", conversationId, message: refusal.message });
  isBroken(oracle, /the refusal chat.error .* came, where none was due/);
});

test("the reply to a chat.send names its turn and comes before the turn's first event", () => {
  for (const isLate of [false, true]) {
    const { oracle, asks, emits, hears, replies } = storyOfV1();
    asks("Ann", { type: "chat.send", conversationId, message: "x", id: "a" });
    const hear = oracle.port.asksForTurn("c", "x");
    emits("t1", opening("x"));
    hear({ started: true, turnId: "t1" });
    if (isLate) hears("Ann", "t1", opening("x"));
    replies("Ann", "a", { conversationId, turnId: "t1" });
    if (isLate) isBroken(oracle, /of t1, before the reply to its chat.send, came/);
    else hears("Ann", "t1", opening("x"));
    if (!isLate) isFine(oracle);
  }
});

test("nothing of a subscription comes after the reply to its unsubscribe", () => {
  const { oracle, asks, begins, emits, hears, replies } = storyOfV1();
  begins("t1");
  asks("Ann", { type: "chat.unsubscribe", conversationId, id: "a" });
  emits("t1", say("a"), say("b"));
  hears("Ann", "t1", opening("t1"), say("a"));
  isFine(oracle, false);
  replies("Ann", "a", {});
  isFine(oracle);
  hears("Ann", "t1", say("b"));
  isBroken(oracle, /a text-delta of c came, and was not owed/);
});

test("a base socket may send the fields of turnwire.v1, and must see no effect of them", () => {
  const { oracle, asks, posts, pongs, emits, begins, hears } = story("Bob");
  begins("t1");
  emits("t1", say("a"));
  hears("Ann", "t1", opening("t1"), say("a"));
  asks("Bob", { ...subscribe, after: { epoch, seq: 1 }, id: "a" });
  posts("Bob", "ping");
  pongs("Bob");
  isBroken(oracle, /Bob: c: <t1 user-message "t1"> never came/);
  hears("Bob", "t1", opening("t1"), say("a"));
  isFine(oracle);
  oracle.receives("Bob", { type: "reply", id: "a", ok: true });
  oracle.receives("Bob", { type: "pong", id: "a" });
  assert.is(oracle.socket("Bob").strays.length, 2);
});

test("a new socket first gets hello, if it speaks turnwire.v1, and then the catalog", () => {
  const { oracle } = storyOfV1();
  const hello = { type: "hello", server: "turnwire", version: "0", connectionId: "i", limits: {} };
  const catalog = { type: "catalog", catalog: [] };
  for (const isV1 of [true, false]) {
    oracle.connects("Bob", { isV1, isNew: true });
    if (isV1) oracle.receives("Bob", hello);
    oracle.receives("Bob", catalog);
    isFine(oracle);
    oracle.receives("Bob", hello);
    isBroken(oracle, /hello.* came, and was not owed/);
  }
  oracle.connects("Bob", { isV1: true, isNew: true });
  oracle.receives("Bob", catalog);
  isBroken(oracle, /catalog.* came, and was not owed/);
});

test("an accepted turn can be cancelled by its id before its first event, and the reply names it", () => {
  const { oracle, asks, posts, pongs, emits, hears, replies } = storyOfV1();
  asks("Ann", { type: "chat.send", conversationId, message: "x" });
  oracle.port.asksForTurn("c", "x")({ started: true, turnId: "t1" });
  for (const id of ["a", "b"]) asks("Ann", { type: "chat.cancel", conversationId, turnId: "t1", id });
  const hear = oracle.port.asksToStop("c");
  const aborted = { type: "done", reason: "aborted" };
  emits("t1", opening("x"), aborted, sealed);
  hear(true);
  replies("Ann", "a", { cancelled: true, turnId: "t1" });
  replies("Ann", "b", { cancelled: false });
  hears("Ann", "t1", opening("x"), aborted, sealed);
  posts("Ann", "ping");
  pongs("Ann");
  isFine(oracle);
});

test.run();
