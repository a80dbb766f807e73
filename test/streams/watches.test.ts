// Watches end to end, through the whole gateway in memory: late watchers, slow sockets and sockets that never read use
// the same cursor, and none of them affects another.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { within as inTime } from "../support/deadline.ts";
import { type MemoryClient, MemoryGateway, type MemoryGatewayOptions } from "../support/memory-gateway.ts";
import { MemorySocket } from "../support/socket.ts";

const test = suite("watches");

const conversationId = "c";
const subscribe = { type: "chat.subscribe", conversationId };
const long = "x".repeat(1_000);

/** Registers a test with its own gateway, and checks that nothing is left over afterwards. */
function within(name: string, run: (fixture: MemoryGateway) => void, options: MemoryGatewayOptions = {}): void {
  test(name, () => {
    const fixture = new MemoryGateway(options);
    run(fixture);
    fixture.stop();
  });
}

function watcher(fixture: MemoryGateway, options = {}): MemoryClient {
  const client = fixture.join(options);
  client.send(subscribe);
  return client;
}

/** Emits this many deltas of 1,000 characters, with a turn of the event loop after each. */
function say(fixture: MemoryGateway, thousands: number): void {
  for (let count = 0; count < thousands; count++) {
    fixture.orchestrator.say(conversationId, long);
    fixture.settle();
  }
}

within("a watcher that joins in mid-turn ends with the same text as one that was there from the start", (fixture) => {
  const first = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  fixture.orchestrator.emit(conversationId, { type: "user-message", text: "hello" }, { type: "turn-start" });
  say(fixture, 100);
  const late = watcher(fixture);
  say(fixture, 20);
  fixture.orchestrator.end(conversationId);
  fixture.settle();
  assert.is(first.transcript().text.length, 120_000);
  assert.is(late.transcript().text, first.transcript().text);
  assert.equal(late.transcript().cursor, first.transcript().cursor);
  assert.is(late.transcript().turns[0]?.sealed, true);
  assert.ok(late.socket.messages().length < first.socket.messages().length, "neighbouring text was joined");
});

within("a watcher that joins between turns gets no replay, and then the next turn", (fixture) => {
  const first = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  say(fixture, 1);
  fixture.orchestrator.end(conversationId);
  fixture.settle();
  const late = watcher(fixture);
  assert.is(late.transcript().events.length, 0);
  fixture.orchestrator.begin(conversationId);
  fixture.orchestrator.say(conversationId, "next");
  fixture.settle();
  assert.is(late.transcript().text, "next");
  assert.is(first.transcript().text, `${long}next`);
});

within("the sender of a message misses nothing of the turn that it starts", (fixture) => {
  fixture.orchestrator.onStart = (id) =>
    fixture.orchestrator.emit(id, { type: "user-message", text: "hello" }, { type: "turn-start" });
  const client = fixture.join();
  client.send({ type: "chat.send", message: "hello", conversationId });
  assert.equal(
    client.transcript().events.map(({ type }) => type),
    ["user-message", "turn-start"],
  );
});

within("subscribing again has no effect", (fixture) => {
  const client = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  say(fixture, 3);
  client.send(subscribe);
  say(fixture, 3);
  assert.is(client.transcript().text.length, 6_000);
  assert.is(fixture.gateway.actors.count("watch"), 1);
});

within("after chat.unsubscribe no byte is sent, not even of pending events, and the turn continues", (fixture) => {
  const client = watcher(fixture);
  const other = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  say(fixture, 1);
  fixture.orchestrator.say(conversationId, "on its way");
  client.post({ type: "chat.unsubscribe", conversationId });
  const writes = client.socket.writes.length;
  say(fixture, 5);
  assert.is(client.socket.writes.length, writes);
  assert.is(other.transcript().text.length, 6_010);
  assert.is(fixture.orchestrator.given("stopTurn").length, 0);
  assert.is(fixture.gateway.actors.count("watch"), 1);
});

within("a client that unsubscribes while it catches up gets no further slice", (fixture) => {
  watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  say(fixture, 300);
  const late = fixture.join();
  late.post(subscribe);
  late.post({ type: "chat.unsubscribe", conversationId });
  fixture.settle();
  assert.is(late.transcript().events.length, 0);
});

within("a client that subscribes again begins at the running turn's first event", (fixture) => {
  const client = watcher(fixture);
  const other = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  say(fixture, 2);
  client.send({ type: "chat.unsubscribe", conversationId });
  client.take();
  client.send(subscribe);
  const again = client.take();
  assert.is(again.length, 1);
  assert.equal([again[0]?.["fromSeq"], again[0]?.["seq"]], [1, 2]);
  assert.is(other.transcript().text.length, 2_000);
});

within("many new watchers catch up a few at a time, and all end with the whole text", (fixture) => {
  fixture.orchestrator.begin(conversationId);
  watcher(fixture);
  say(fixture, 10);
  const clients = Array.from({ length: 200 }, () => fixture.join());
  for (const client of clients) client.post(subscribe);
  fixture.settle();
  say(fixture, 5);
  fixture.clock.advance(limits.flushIntervalMs);
  for (const client of clients) assert.is(client.transcript().text.length, 15_000);
});

// ── slow sockets ──────────────────────────────────────────────────────────────────────────────────────────────────

within("a socket that stops reading gets a little more than 256 KiB, and nothing is queued for it", (fixture) => {
  const slow = watcher(fixture, { reads: false });
  const quick = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  say(fixture, 2_000);
  assert.is(quick.transcript().text.length, 2_000_000);
  const given = slow.socket.writtenBytes;
  assert.ok(given > limits.outstandingBytesMax && given < limits.outstandingBytesMax + limits.flushBytesMax);
  say(fixture, 100);
  assert.is(slow.socket.writtenBytes, given);
});

within("a slow socket catches up from its place in slices, and is live again", (fixture) => {
  const slow = watcher(fixture, { reads: false });
  fixture.orchestrator.begin(conversationId);
  say(fixture, 1_000);
  const before = slow.socket.messages().length;
  for (let rounds = 0; slow.transcript().text.length < 1_000_000 && rounds < 100; rounds++) {
    slow.pong();
    fixture.settle();
  }
  assert.is(slow.transcript().text.length, 1_000_000);
  const joined = slow.socket.messages().slice(before);
  assert.ok(joined.length < 60, `${joined.length} messages`);
  slow.pong();
  fixture.settle();
  slow.take();
  say(fixture, 1);
  assert.is(slow.take().length, 1);
  assert.is(slow.transcript().text.length, 1_001_000);
});

within("requests of a congested socket are handled, and it gets its replies at once", (fixture) => {
  const slow = watcher(fixture, { reads: false });
  fixture.orchestrator.begin(conversationId);
  say(fixture, 400);
  slow.take();
  slow.send({ type: "ping" });
  assert.equal(slow.take(), [{ type: "pong" }]);
  slow.send({ type: "chat.cancel", conversationId });
  assert.equal(fixture.orchestrator.given("stopTurn"), [conversationId]);
});

within("a watch that begins on a congested socket waits until it has drained", (fixture) => {
  const slow = watcher(fixture, { reads: false });
  fixture.orchestrator.begin(conversationId);
  say(fixture, 400);
  fixture.orchestrator.begin("other");
  slow.send({ type: "chat.subscribe", conversationId: "other" });
  fixture.orchestrator.say("other", "word");
  fixture.settle();
  assert.is(slow.transcript("other").text, "");
  for (let rounds = 0; rounds < 20; rounds++) {
    slow.pong();
    fixture.settle();
  }
  assert.is(slow.transcript("other").text, "word");
  assert.is(slow.transcript().text.length, 400_000);
});

within("a reader that answers every nine seconds is served and never closed", (fixture) => {
  const slow = watcher(fixture, { reads: false });
  fixture.orchestrator.begin(conversationId);
  for (let minutes = 0; minutes < 20; minutes++) {
    say(fixture, 50);
    fixture.clock.advance(9_000);
    slow.pong();
    fixture.settle();
  }
  for (let rounds = 0; rounds < 20; rounds++) {
    slow.pong();
    fixture.settle();
  }
  assert.is(slow.socket.closed, undefined);
  assert.is(slow.transcript().text.length, 1_000_000);
});

within(
  "a mark unanswered for ten seconds closes with 4001, and a peer that does not answer the close is cut off",
  (fixture) => {
    const slow = watcher(fixture, { reads: false });
    const quick = watcher(fixture);
    fixture.orchestrator.begin(conversationId);
    say(fixture, 400);
    fixture.clock.advance(limits.ackTimeoutMs - 1);
    assert.is(slow.socket.closed, undefined);
    fixture.clock.advance(limits.sweepIntervalMs + 1);
    assert.equal(slow.socket.closed, { code: 4001, reason: "reading too slowly" });
    assert.is(fixture.gateway.actors.count("watch"), 1, "the closed socket has no watch any more");
    assert.is(slow.socket.wasCut, false);
    fixture.clock.advance(limits.closingMs + limits.sweepIntervalMs);
    assert.is(slow.socket.wasCut, true);
    assert.is(fixture.gateway.connections.size, 1);
    say(fixture, 1);
    assert.is(quick.transcript().text.length, 401_000);
  },
);

within("an unanswered mark also closes a socket that was never congested", (fixture) => {
  const slow = watcher(fixture, { reads: false });
  fixture.orchestrator.begin(conversationId);
  say(fixture, 70);
  fixture.clock.advance(limits.ackTimeoutMs + limits.sweepIntervalMs);
  assert.is(slow.socket.closed?.code, 4001);
});

within("more than 4 MiB unsent closes with 4001 at once", (fixture) => {
  const slow = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  slow.socket.unsent = limits.unsentBytesMax + 1;
  say(fixture, 1);
  assert.is(slow.socket.closed?.code, 4001);
});

within("a silent socket is pinged after 25 s and closed with 4002 after 35 s, one that answers is not", (fixture) => {
  const silent = fixture.join({ reads: false });
  const quiet = fixture.join();
  fixture.clock.advance(limits.silentPingMs - 1);
  assert.is(silent.socket.pings, 0);
  fixture.clock.advance(limits.sweepIntervalMs);
  assert.is(silent.socket.pings, 1);
  fixture.clock.advance(limits.silentCloseMs - limits.silentPingMs);
  assert.equal(silent.socket.closed, { code: 4002, reason: "no sign of life" });
  fixture.clock.advance(10 * 60_000);
  assert.is(quiet.socket.closed, undefined);
});

within(
  "a slow socket whose part of the log was shed is closed with 4001, and no client sees a gap",
  (fixture) => {
    const slow = watcher(fixture, { reads: false });
    fixture.orchestrator.begin(conversationId);
    say(fixture, 400);
    fixture.orchestrator.end(conversationId);
    fixture.clock.advance(limits.sweepIntervalMs);
    fixture.orchestrator.begin(conversationId);
    say(fixture, 1);
    slow.pong();
    fixture.settle();
    assert.is(slow.socket.closed?.code, 4001);
    assert.ok(slow.transcript().text.length < 400_000, "the received text has no gap");
  },
  { limits: { allLogsBytesMax: 1_000 } },
);

within("a dead socket delays no other: they get each event in the tick of its emission", (fixture) => {
  const dead = watcher(fixture, { reads: false });
  const quick = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  for (let count = 1; count <= 500; count++) {
    fixture.orchestrator.say(conversationId, long);
    fixture.settle();
    assert.is(quick.take().length > 0, true);
  }
  assert.ok(dead.socket.writtenBytes < 400_000);
  assert.is(fixture.clock.now(), 0);
});

within("a socket that vanishes in mid-stream leaves nothing behind", (fixture) => {
  const clients = [watcher(fixture), watcher(fixture, { reads: false }), watcher(fixture)];
  fixture.orchestrator.begin(conversationId);
  say(fixture, 300);
  fixture.orchestrator.say(conversationId, "on its way");
  for (const client of clients) client.vanish();
  assert.is(fixture.gateway.connections.size, 0);
  assert.is(fixture.gateway.actors.count("watch"), 0);
  say(fixture, 1);
  fixture.orchestrator.end(conversationId);
  fixture.settle();
  assert.is(fixture.orchestrator.subscriptions(), 0);
});

// ── the states of a connection ────────────────────────────────────────────────────────────────────────────────────

function stateOf(fixture: MemoryGateway): unknown {
  const [connection] = fixture.gateway.connections.all();
  return connection?.actor?.getSnapshot().value;
}

const opened = (flow: string, chatTurn: string) => ({ open: { flow, chatTurn } });

within("the state of a connection shows whether a turn that it asked for runs", (fixture) => {
  const client = fixture.join();
  assert.equal(stateOf(fixture), opened("flowing", "quiet"));
  client.send({ type: "chat.send", message: "hello", conversationId });
  assert.equal(stateOf(fixture), opened("flowing", "running"));
  fixture.orchestrator.say(conversationId, "word");
  fixture.orchestrator.end(conversationId);
  fixture.settle();
  assert.equal(stateOf(fixture), opened("flowing", "quiet"));
  client.send({ type: "chat.unsubscribe", conversationId });
  assert.equal(stateOf(fixture), opened("flowing", "quiet"));
});

within("a socket that is refused because another's turn runs does not wait for a turn of its own", (fixture) => {
  fixture.orchestrator.begin(conversationId);
  const client = fixture.join();
  client.send({ type: "chat.send", message: "hello", conversationId });
  assert.equal(stateOf(fixture), opened("flowing", "quiet"));
});

within("a refused second chat.send does not change the state of the first one's turn", (fixture) => {
  const client = fixture.join();
  fixture.orchestrator.instead.startTurn = () => ({ started: true, turnId: "later" });
  client.send({ type: "chat.send", message: "hello", conversationId });
  assert.equal(stateOf(fixture), opened("flowing", "running"));
  fixture.orchestrator.instead.startTurn = () => ({ started: false, reason: "already-active" });
  client.send({ type: "chat.send", message: "again", conversationId });
  assert.equal(stateOf(fixture), opened("flowing", "running"));
});

within("a turn that is refused for any other reason leaves the connection quiet", (fixture) => {
  const client = fixture.join();
  client.send({ type: "chat.subscribe", conversationId });
  fixture.orchestrator.instead.startTurn = () => ({ started: false, reason: "draining", message: "soon" });
  client.send({ type: "chat.send", message: "hello", conversationId });
  assert.equal(stateOf(fixture), opened("flowing", "quiet"));
});

within("a watcher that joins a stream without pauses is soon live, and gets each event as it is emitted", (fixture) => {
  fixture.orchestrator.begin(conversationId);
  const client = fixture.join();
  client.post({ type: "chat.subscribe", conversationId });
  for (let index = 0; index < 20; index++) {
    fixture.orchestrator.say(conversationId, `${index} `);
    fixture.clock.turn();
  }
  const joined = client.take().filter((message) => "fromSeq" in message);
  assert.ok(joined.length <= 2, `${joined.length} slices came joined`);
  fixture.orchestrator.end(conversationId);
  fixture.settle();
});

// ── closing ───────────────────────────────────────────────────────────────────────────────────────────────────────

const unloggable = {
  info: () => {
    throw new Error("the log is full");
  },
};
const send = { type: "chat.send", message: "hello", conversationId };

test("a connection that fails is closed with 1011, and no other is affected", () => {
  const fixture = new MemoryGateway({ logger: unloggable });
  const other = watcher(fixture);
  const broken = fixture.join({ reads: false });
  broken.send(send);
  assert.equal(broken.socket.closed, { code: 1011, reason: "internal error" });
  broken.send({ type: "ping" });
  say(fixture, 1);
  assert.is(broken.transcript().text, "");
  assert.is(other.transcript().text.length, 1_000);
  fixture.clock.advance(limits.closingMs + limits.sweepIntervalMs);
  assert.is(broken.socket.wasCut, true, "a socket whose actor has ended is cut off too");
  assert.is(fixture.gateway.connections.size, 1);
  fixture.stop(["connection: defect"]);
});

test("a connection that failed before a drain does not delay the stop", async () => {
  const fixture = new MemoryGateway({ logger: unloggable });
  const broken = fixture.join({ reads: false });
  broken.send(send);
  let stopped = false;
  const closing = fixture.gateway.drain(0, limits.reconnectAfterMs).then(() => {
    stopped = true;
  });
  fixture.settle();
  await Promise.resolve();
  assert.is(stopped, false);
  broken.vanish();
  await inTime(closing, "the last socket's end to be noticed", 1_000);
  fixture.stop(["connection: defect"]);
});

test("a stop closes no socket before it has its turns' ends, even with many watchers and a delayed flush", async () => {
  const fixture = new MemoryGateway();
  const clients = Array.from({ length: 300 }, () => watcher(fixture));
  fixture.orchestrator.begin(conversationId);
  say(fixture, 1);
  fixture.clock.advance(limits.flushIntervalMs);
  say(fixture, 2);
  fixture.orchestrator.end(conversationId, "interrupted");
  const closing = fixture.gateway.drain(0, limits.reconnectAfterMs);
  fixture.settle();
  assert.is(clients.filter(({ socket }) => socket.closed).length, limits.closesPerWave, "the first wave only");
  fixture.clock.advance(1_000);
  for (const client of clients) {
    assert.is(client.transcript().text.length, 3_000);
    assert.is(client.transcript().turns[0]?.sealed, true);
    assert.is(client.socket.closed?.code, 1012);
  }
  await inTime(closing, "all sockets to be gone");
  fixture.stop();
});

test("a stop also waits for sockets that subscribed just before it, however far they have caught up", async () => {
  const fixture = new MemoryGateway({ limits: { catchUpsPerLoopTurn: 1 } });
  fixture.orchestrator.begin(conversationId);
  fixture.orchestrator.say(conversationId, "one");
  const clients = Array.from({ length: 40 }, () => fixture.join());
  for (const client of clients) client.post(subscribe);
  for (let turn = 0; turn < 20; turn++) fixture.clock.turn();
  fixture.orchestrator.say(conversationId, "two");
  fixture.orchestrator.end(conversationId, "interrupted");
  const closing = fixture.gateway.drain(0, limits.reconnectAfterMs);
  fixture.settle();
  fixture.clock.advance(1_000);
  for (const client of clients) {
    const { text, turns } = client.transcript();
    assert.equal([text, turns[0]?.sealed, client.socket.closed?.code], ["onetwo", true, 1012]);
  }
  await inTime(closing, "all sockets to be gone");
  fixture.stop();
});

test("a turn that never ends does not delay a stop", async () => {
  const fixture = new MemoryGateway();
  const client = watcher(fixture);
  fixture.orchestrator.begin(conversationId);
  const chatter = (): void => {
    if (client.socket.closed) return;
    fixture.orchestrator.say(conversationId, "more");
    fixture.clock.defer(chatter);
  };
  chatter();
  const closing = fixture.gateway.drain(0, limits.reconnectAfterMs);
  fixture.settle();
  await inTime(closing, "the socket to be gone");
  assert.is(client.socket.closed?.code, 1012);
  fixture.stop();
});

test("a drain notifies every socket, closes it with 1012, and refuses new ones", async () => {
  const fixture = new MemoryGateway();
  const [reader, deaf] = [fixture.join(), fixture.join({ reads: false })];
  const closing = fixture.gateway.drain(5_000, limits.reconnectAfterMs);
  fixture.settle();
  assert.equal(reader.take().at(-1), { type: "server.draining", deadlineMs: 5_000, reconnectAfterMs: 1_000 });
  const late = new MemorySocket();
  assert.is(fixture.gateway.accept(late), undefined);
  assert.is(late.closed?.code, 1012);
  assert.equal([reader.socket.closed?.code, deaf.socket.closed?.code], [1012, 1012]);
  fixture.clock.advance(limits.closingMs + limits.sweepIntervalMs);
  await inTime(closing, "all sockets to be gone");
  fixture.stop();
});

test.run();
