// The bounds on what is kept in memory, from one log to all sockets, and what is shed first at each.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../src/limits.ts";
import { MemoryGateway, type MemoryGatewayOptions } from "./support/memory-gateway.ts";

const test = suite("memory budgets");

const KiB = 1024;

function open(bounds: MemoryGatewayOptions["limits"]) {
  const house = new MemoryGateway({ limits: { shedPauseMs: 0, ...bounds } });
  const client = house.join();
  /** A turn of so many bytes of text, or its beginning. */
  const turn = (conversationId: string, bytes: number, { ends = true } = {}): void => {
    client.send({ type: "chat.subscribe", conversationId });
    house.orchestrator.begin(conversationId);
    for (let said = 0; said < bytes; said += KiB) {
      if (!house.orchestrator.running.has(conversationId)) break;
      house.orchestrator.say(conversationId, "x".repeat(KiB));
      house.settle();
    }
    if (ends && house.orchestrator.running.has(conversationId)) house.orchestrator.end(conversationId);
    house.settle();
  };
  const send = (conversationId: string) => {
    client.take();
    client.send({ type: "chat.send", conversationId, message: "hello" });
    return client.take().find(({ type }) => type === "chat.error");
  };
  return { house, client, turn, send, counts: () => house.gateway.counts() };
}

test("a conversation's log sheds its own oldest turns, and no other conversation's", () => {
  const { house, turn, counts } = open({ conversationLogBytesMax: 40 * KiB });
  turn("other", 10 * KiB);
  const others = counts().logBytes;
  for (let count = 0; count < 10; count++) turn("a", 10 * KiB);
  assert.ok(counts().largestLogBytes <= 40 * KiB, `${counts().largestLogBytes}`);
  assert.ok(counts().logBytes > others + 20 * KiB);
  assert.is(house.gateway.feeds.get("other")?.log.firstSeq, 1);
  house.stop();
});

test("all logs: the oldest sealed turns are shed at once, of whatever conversation", () => {
  const { house, turn, counts } = open({ allLogsBytesMax: 100 * KiB });
  for (let count = 0; count < 20; count++) {
    turn(`c${count}`, 10 * KiB);
    assert.ok(counts().logBytes <= 100 * KiB + 3 * KiB, `${counts().logBytes} after ${count} turns`);
  }
  assert.is(house.gateway.feeds.get("c19")?.log.firstSeq, 1, "the newest is whole");
  house.stop();
});

test("all logs: when only running turns are left, new ones are refused until one has ended", () => {
  const { house, turn, send } = open({ allLogsBytesMax: 50 * KiB });
  turn("a", 30 * KiB, { ends: false });
  assert.is(send("b"), undefined, "there is room");
  turn("c", 30 * KiB, { ends: false });
  const refusal = send("d");
  assert.match(String(refusal?.["message"]), /have taken all the memory for turns: try again when some have ended/);
  assert.match(String(send("a")?.["message"]), /already generating/, "a running turn is refused in its own words");
  house.orchestrator.end("a");
  house.settle();
  house.clock.advance(limits.sweepIntervalMs);
  assert.is(send("d"), undefined);
  house.stop();
});

test("all logs: over the last bound the turns that grow are ended as too large", () => {
  const { house, client, turn, counts } = open({ allLogsBytesMax: 50 * KiB, runningLogsBytesMax: 80 * KiB });
  turn("a", 60 * KiB, { ends: false });
  turn("b", 60 * KiB, { ends: false });
  assert.ok(counts().logBytes < 85 * KiB, `${counts().logBytes}`);
  const { turns } = client.transcript("b");
  assert.is(turns[0]?.reason, "aborted");
  assert.ok(client.transcript("b").events.some(({ type, code }) => type === "error" && code === "turn-too-large"));
  assert.is(client.transcript("a").turns[0]?.reason, undefined, "who does not grow goes on");
  house.stop();
});

test("what a log took is free again when it is forgotten", () => {
  const { house, client, turn, counts } = open({});
  turn("a", 10 * KiB);
  client.send({ type: "chat.unsubscribe", conversationId: "a" });
  assert.ok(counts().logBytes > 0);
  house.clock.advance(limits.sealedLogKeptMs + limits.sweepIntervalMs);
  assert.equal([counts().logs, counts().logBytes], [0, 0]);
  house.stop();
});

test("all sockets: those that are owed most are closed as slow, and only as many as it takes", () => {
  const { house } = open({ allUnsentBytesMax: 1_000 });
  const clients = [100, 700, 300, 500].map((unsent) => {
    const client = house.join();
    client.socket.unsent = unsent;
    return client;
  });
  assert.equal([house.gateway.counts().unsentBytes, house.gateway.counts().largestUnsentBytes], [1_600, 700]);
  house.clock.advance(limits.sweepIntervalMs);
  assert.equal(
    clients.map(({ socket }) => socket.closed?.code),
    [undefined, 4001, undefined, undefined],
  );
  house.stop();
});

test.run();
