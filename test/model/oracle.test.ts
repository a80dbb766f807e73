// Unit tests of the oracle with short handwritten histories: what it must accept because the contract leaves the order
// open, and what it must reject.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { malformedRequests } from "./oracle/refusals.ts";
import { done, isBroken, isFine, opening, say, sealed, story } from "./oracle/told.ts";

const test = suite("model: oracle");

test("a sender is subscribed and must get every event, even if refused because a turn is running", () => {
  const { oracle, emits, hears, begins } = story("Bob");
  begins("t1");
  oracle.posts("Bob", { type: "chat.send", conversationId: "c", message: "late" });
  oracle.port.asksForTurn("c", "late")({ started: false, reason: "already-active" });
  emits("t1", say("a"), done, sealed);
  for (const name of ["Ann", "Bob"]) {
    isBroken(oracle, new RegExp(`${name}: c: <t1 user-message "t1"> never came`));
    hears(name, "t1", opening("t1"), say("a"), done, sealed);
  }
  isBroken(oracle, /the refusal chat.error \| c \| a turn is already generating for this conversation never came/);
  const refusal = { conversationId: "c", message: "a turn is already generating for this conversation" };
  oracle.receives("Bob", { type: "chat.error", ...refusal });
  isFine(oracle);
});

test("a client that joins at the seal may get the whole turn or none of it, but never a part", () => {
  for (const [heard, isLegal] of [
    [[], true],
    [[opening("t1"), done, sealed], true],
    [[opening("t1"), done], false],
    [[done, sealed], false],
  ] as const) {
    const { oracle, emits, hears, begins, posts, pongs } = story("Bob");
    begins("t1");
    posts("Bob", "chat.subscribe", "ping");
    emits("t1", done, sealed);
    hears("Ann", "t1", opening("t1"), done, sealed);
    hears("Bob", "t1", ...heard);
    pongs("Bob");
    assert.is(oracle.problems(true).length === 0, isLegal, JSON.stringify(heard));
  }
});

test("a client that joined before the turn began must get all of it, whichever client gets it first", () => {
  const { oracle, emits, hears, posts, pongs, begins } = story("Bob");
  posts("Bob", "chat.subscribe", "ping");
  pongs("Bob");
  begins("t1");
  emits("t1", done, sealed);
  hears("Ann", "t1", opening("t1"), done, sealed);
  isBroken(oracle, /Bob: c: <t1 user-message "t1"> never came/);
  hears("Bob", "t1", opening("t1"), done, sealed);
  isFine(oracle);
});

test("events may come until the pong after an unsubscribe, and none after that pong", () => {
  const { oracle, emits, hears, posts, pongs, begins } = story();
  begins("t1");
  posts("Ann", "chat.unsubscribe", "ping");
  emits("t1", say("a"), say("b"));
  hears("Ann", "t1", opening("t1"), say("a"));
  isFine(oracle, false);
  pongs("Ann");
  isFine(oracle, false);
  hears("Ann", "t1", say("b"));
  isBroken(oracle, /a text-delta of c came, and was not owed/, false);
});

test("a new subscribe after an unsubscribe replays the turn from its first event", () => {
  const { oracle, emits, hears, posts, pongs, begins } = story();
  begins("t1");
  posts("Ann", "chat.unsubscribe", "ping", "chat.subscribe");
  emits("t1", say("a"));
  hears("Ann", "t1", opening("t1"), say("a"));
  pongs("Ann");
  hears("Ann", "t1", opening("t1"), say("a"));
  isFine(oracle);
});

test("deltas may come joined to a slow reader, but not to a live one", () => {
  for (const isSlow of [true, false]) {
    const { oracle, emits, hears, begins } = story();
    begins("t1");
    hears("Ann", "t1", opening("t1"));
    oracle.rests();
    if (isSlow) oracle.stalls("Ann");
    emits("t1", say("a"), say("b"));
    if (isSlow) oracle.resumes("Ann");
    hears("Ann", "t1", say("ab"));
    if (isSlow) isFine(oracle);
    else isBroken(oracle, /joined, though it was live/);
  }
});

test("a reader that is sent many bytes at once may count as slow", () => {
  const { oracle, emits, hears, begins } = story();
  begins("t1");
  hears("Ann", "t1", opening("t1"));
  oracle.rests();
  const long = "x".repeat(2_000);
  emits("t1", say(long), say("b"));
  hears("Ann", "t1", say(`${long}b`));
  isFine(oracle);
});

test("events are numbered without a hole, in one epoch", () => {
  const { oracle, emits, hears, begins, numbered } = story();
  begins("t1");
  emits("t1", say("a"), say("b"));
  hears("Ann", "t1", opening("t1"), say("a"));
  const event = { ...say("b"), turnId: "t1" };
  numbered("Ann", event, { seq: 4 });
  isBroken(oracle, /after seq 2, seq 4/);
  numbered("Ann", event, { epoch: "f", seq: 5, fromSeq: 6 });
  numbered("Ann", event, { epoch: "g", seq: 6 });
  numbered("Ann", event, { epoch: 1, seq: 7 });
  const { strays } = oracle.socket("Ann");
  assert.match(strays.join(), /fromSeq 6 and seq 5.*a new epoch for one who watches.*an unnumbered event/);
});

test("a second turn beside a running one is reported, and so is a refusal as already active without a turn", () => {
  const { oracle, begins } = story("Bob");
  begins("t1");
  oracle.posts("Bob", { type: "chat.send", conversationId: "c", message: "x" });
  oracle.port.asksForTurn("c", "x")({ started: true, turnId: "t2" });
  isBroken(oracle, /though a turn is running/, false);
  const other = story().oracle;
  other.posts("Ann", { type: "chat.send", conversationId: "c", message: "x" });
  other.port.asksForTurn("c", "x")({ started: false, reason: "already-active" });
  isBroken(other, /though a turn is not running/, false);
});

test("a chat.queue that waits gets no message and no subscription; one that starts a turn subscribes", () => {
  const { oracle, emits, hears, begins, refusing } = story("Bob", "Cid");
  begins("t1");
  oracle.posts("Bob", { type: "chat.queue", conversationId: "c", text: "wait" });
  const queue = [{ id: "m1", text: "wait", queuedAt: 1 }];
  oracle.port.asksToQueue("c", "wait")({ startedTurn: false, queue });
  emits("t1", done, sealed);
  // The queued text opens the next turn. Until then no other turn may begin.
  assert.ok(oracle.conversation("c").isActive);
  isBroken(oracle, /"wait" waits for ever/);
  emits("t2", opening("wait"), done, sealed);
  hears("Ann", "t1", opening("t1"), done, sealed);
  hears("Ann", "t2", opening("wait"), done, sealed);
  isFine(oracle);
  oracle.posts("Cid", { type: "chat.queue", conversationId: "c", text: "go" });
  oracle.port.asksToQueue("c", "go")({ startedTurn: true, turnId: "t3", queue: [] });
  emits("t3", opening("go"));
  hears("Ann", "t3", opening("go"));
  isBroken(oracle, /Cid: c: <t3 user-message "go"> never came/);
  refusing.is = true;
  oracle.posts("Bob", { type: "chat.queue", conversationId: "c", text: "full" });
  oracle.port.asksToQueue("c", "full")({ started: false, reason: "queue-full", message: "too many" });
  isBroken(oracle, /Bob: the refusal chat.error \| c \| too many never came/);
  assert.equal(oracle.faults, []);
  assert.is(oracle.conversation("c").texts.length, 3);
});

test("a withdrawn text must not appear in a turn; a text withdrawn too late must", () => {
  for (const wasThere of [true, false]) {
    const { oracle, emits, hears, begins } = story();
    begins("t1");
    oracle.posts("Ann", { type: "chat.queue", conversationId: "c", text: "wait" });
    oracle.port.asksToQueue("c", "wait")({ startedTurn: false, messageId: "m1", queue: [] });
    oracle.posts("Ann", { type: "chat.queue.cancel", conversationId: "c", messageId: "m1" });
    if (!wasThere) oracle.steers("c");
    oracle.port.asksToWithdraw("c", "m1")(wasThere);
    assert.equal(oracle.faults, []);
    const rest = [{ type: "steering", text: "wait" }, done, sealed];
    emits("t1", ...rest);
    hears("Ann", "t1", opening("t1"), ...rest);
    if (wasThere) isBroken(oracle, /does not show the texts that waited/);
    else isFine(oracle);
  }
});

test("refusals without a cause are reported, and so are withdrawals with the wrong outcome", () => {
  const { oracle, emits, begins } = story();
  const says = (fault: RegExp): void => assert.match(oracle.faults.at(-1) ?? "none", fault);
  oracle.posts("Ann", { type: "chat.send", conversationId: "c", message: "x" });
  oracle.port.asksForTurn("c", "x")({ started: false, reason: "internal" });
  says(/"internal"\}, for no reason/);
  begins("t1");
  oracle.posts("Ann", { type: "chat.queue", conversationId: "c", text: "y" });
  oracle.port.asksToQueue("c", "y")({ started: false, reason: "queue-full" });
  says(/"queue-full"\}, for no reason/);
  oracle.posts("Ann", { type: "chat.queue", conversationId: "c", text: "z" });
  oracle.port.asksToQueue("c", "z")({ startedTurn: false, messageId: "m1", queue: [] });
  const withdraw = { type: "chat.queue.cancel", conversationId: "c", messageId: "m1" } as const;
  oracle.posts("Ann", withdraw);
  oracle.port.asksToWithdraw("c", "m1")(false);
  says(/z is not withdrawn, and was waiting/);
  emits("t1", { type: "steering", text: "z" });
  oracle.posts("Ann", withdraw);
  oracle.port.asksToWithdraw("c", "m1")(true);
  says(/z is withdrawn, and was out/);
});

test("a stop may belong to any client that sent a cancel; a stop without a cancel is reported", () => {
  const { oracle, emits, posts, pongs, begins } = story("Bob");
  begins("t1");
  for (const name of ["Ann", "Bob"]) oracle.posts(name, { type: "chat.cancel", conversationId: "c" });
  oracle.port.asksToStop("c")(true);
  oracle.port.asksToStop("c")(false);
  posts("Bob", "ping");
  pongs("Bob");
  emits("t1", { type: "done", reason: "aborted" }, sealed);
  assert.equal(oracle.faults, []);
  posts("Ann", "ping");
  pongs("Ann");
  oracle.port.asksToStop("c")(false);
  assert.match(oracle.faults.join(), /the end of undefined in c, which nobody sent/);
});

test("a cancel of the running turn must reach the port; a cancel of another turn must not", () => {
  const { oracle, posts, pongs, begins } = story();
  begins("t1");
  oracle.posts("Ann", { type: "chat.cancel", conversationId: "c", turnId: "t0" });
  posts("Ann", "ping");
  pongs("Ann");
  assert.equal(oracle.faults, []);
  oracle.posts("Ann", { type: "chat.cancel", conversationId: "c", turnId: "t1" });
  posts("Ann", "ping");
  pongs("Ann");
  assert.match(oracle.faults.join(), /the port was never asked for .*"turnId":"t1".* of Ann/);
});

test("the port may be called only for a request that a client sent, and once for each", () => {
  const { oracle } = story();
  oracle.port.asksForTurn("c", "x")({ started: true, turnId: "t1" });
  assert.match(oracle.faults.join(), /a turn of c for "x", which nobody sent/);
});

test("a surface that is subscribed to twice is sent twice, and an unknown one is refused", () => {
  const { oracle, surface, pongs, posts } = story();
  oracle.surfaceChanges("panel", 1);
  oracle.posts("Ann", { type: "subscribe", surfaceId: "panel" });
  surface("surface", 1);
  oracle.posts("Ann", { type: "subscribe", surfaceId: "panel" });
  posts("Ann", "ping");
  pongs("Ann");
  isBroken(oracle, /asked for 2 times and shown only 1 times/);
  oracle.surfaceChanges("panel", 2);
  surface("update", 2);
  surface("surface", 2);
  isFine(oracle);
  oracle.posts("Ann", { type: "unsubscribe", surfaceId: "panel" });
  posts("Ann", "ping");
  surface("update", 2);
  pongs("Ann");
  isFine(oracle);
  surface("update", 2);
  isBroken(oracle, /update 2 of panel came, and was not owed/);
  oracle.posts("Ann", { type: "subscribe", surfaceId: "none" });
  posts("Ann", "ping");
  pongs("Ann");
  isBroken(oracle, /the refusal error \| none \| Unknown surface: none never came/);
});

test("a failure message reaches each watcher once; a timeout is reported every time", () => {
  const { oracle } = story();
  const says = (message: string): void => oracle.receives("Ann", { type: "error", surfaceId: "panel", message });
  oracle.surfaceChanges("panel", 1);
  oracle.posts("Ann", { type: "subscribe", surfaceId: "panel" });
  oracle.surfaceFails("panel", 1, "broken");
  says("broken");
  says("panel did not answer within 10 s");
  says("panel did not answer within 10 s");
  isFine(oracle);
  says("broken");
  isBroken(oracle, /broken of panel came, and was not owed/);
  oracle.surfaceChanges("panel", 2);
  isBroken(oracle, /the newest version 2 never came/);
});

test("malformed requests are refused with the exact texts of the contract", () => {
  const { oracle, posts, pongs } = story();
  const requests = malformedRequests("c");
  for (const { refusal } of requests) oracle.posts("Ann", { type: "malformed", refusal });
  posts("Ann", "ping");
  pongs("Ann");
  assert.is(oracle.socket("Ann").refusals.owed.length, requests.length);
  assert.is(oracle.socket("Ann").refusals.owed[0], "error | Invalid JSON");
  assert.is(oracle.socket("Ann").refusals.owed[1], "chat.error | c | chat.send requires a non-empty string `message`");
});

test("unknown messages, pongs without a ping and unknown sockets are reported", () => {
  const { oracle, pongs } = story();
  oracle.receives("Ann", { type: "catalog", catalog: [] });
  isFine(oracle);
  oracle.receives("Ann", { type: "hullo" });
  oracle.receives("Ann", { type: "surface", spec: 1 });
  pongs("Ann");
  assert.equal(oracle.socket("Ann").strays, ['{"type":"hullo"}', '{"type":"surface","spec":1}', "a pong"]);
  assert.throws(() => oracle.socket("Zoe"), /Zoe has never connected/);
});

test("a broadcast must reach the sockets that are open when it is made, and only those", () => {
  const { oracle } = story("Bob");
  oracle.disconnects("Bob");
  oracle.announces({ type: "conversation.open", conversationId: "c", workspaceId: "w" });
  oracle.connects("Cid");
  isBroken(oracle, /^[^\n]*Ann: \{"type":"conversation.open"[^\n]* never came$/);
  oracle.receives("Ann", { type: "conversation.open", conversationId: "c", workspaceId: "w" });
  isFine(oracle);
});

test("closing a conversation discards its queue and stops its turn", () => {
  const { oracle, emits, hears, begins } = story();
  begins("t1");
  oracle.posts("Ann", { type: "chat.queue", conversationId: "c", text: "wait" });
  oracle.port.asksToQueue("c", "wait")({ startedTurn: false, messageId: "m1", queue: [] });
  oracle.closes("c");
  oracle.stopsTurn("c", "t1", oracle.conversation("c").now);
  const end = [{ type: "done", reason: "aborted" }, sealed];
  emits("t1", ...end);
  hears("Ann", "t1", opening("t1"), ...end);
  isFine(oracle);
});

test.run();
