// The memory budgets, from one log to all sockets, and what each sheds first.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { MemoryGateway, type MemoryGatewayOptions } from "../support/memory-gateway.ts";

const test = suite("memory budgets");

const KiB = 1024;

function open(bounds: MemoryGatewayOptions["limits"]) {
  const fixture = new MemoryGateway({ limits: { shedPauseMs: 0, ...bounds } });
  const client = fixture.join();
  /** A turn with this many bytes of text, or only its beginning. */
  const turn = (conversationId: string, bytes: number, { ends = true } = {}): void => {
    client.send({ type: "chat.subscribe", conversationId });
    fixture.orchestrator.begin(conversationId);
    for (let said = 0; said < bytes; said += KiB) {
      if (!fixture.orchestrator.running.has(conversationId)) break;
      fixture.orchestrator.say(conversationId, "x".repeat(KiB));
      fixture.settle();
    }
    if (ends && fixture.orchestrator.running.has(conversationId)) fixture.orchestrator.end(conversationId);
    fixture.settle();
  };
  const send = (conversationId: string) => {
    client.take();
    client.send({ type: "chat.send", conversationId, message: "hello" });
    return client.take().find(({ type }) => type === "chat.error");
  };
  return { fixture, client, turn, send, counts: () => fixture.gateway.counts() };
}

test("a conversation's log sheds its own oldest turns, and none of another conversation", () => {
  const { fixture, turn, counts } = open({ conversationLogBytesMax: 40 * KiB });
  turn("other", 10 * KiB);
  const others = counts().logBytes;
  for (let count = 0; count < 10; count++) turn("a", 10 * KiB);
  assert.ok(counts().largestLogBytes <= 40 * KiB, `${counts().largestLogBytes}`);
  assert.ok(counts().logBytes > others + 20 * KiB);
  assert.is(fixture.gateway.feeds.get("other")?.log.firstSeq, 1);
  fixture.stop();
});

test("all logs: the oldest sealed turns of any conversation are shed at once", () => {
  const { fixture, turn, counts } = open({ allLogsBytesMax: 100 * KiB });
  for (let count = 0; count < 20; count++) {
    turn(`c${count}`, 10 * KiB);
    assert.ok(counts().logBytes <= 100 * KiB + 3 * KiB, `${counts().logBytes} after ${count} turns`);
  }
  assert.is(fixture.gateway.feeds.get("c19")?.log.firstSeq, 1, "the newest turn is kept whole");
  fixture.stop();
});

test("all logs: when only running turns are left, new turns are refused until one has ended", () => {
  const { fixture, turn, send } = open({ allLogsBytesMax: 50 * KiB });
  turn("a", 30 * KiB, { ends: false });
  assert.is(send("b"), undefined, "there is room");
  turn("c", 30 * KiB, { ends: false });
  const refusal = send("d");
  assert.match(String(refusal?.["message"]), /have taken all the memory for turns: try again when some have ended/);
  assert.match(
    String(send("a")?.["message"]),
    /already generating/,
    "the refusal for a running turn keeps its own message",
  );
  fixture.orchestrator.end("a");
  fixture.settle();
  fixture.clock.advance(limits.sweepIntervalMs);
  assert.is(send("d"), undefined);
  fixture.stop();
});

test("all logs: above runningLogsBytesMax the largest running turn is ended, and the growing one continues", () => {
  const { fixture, client, turn, counts } = open({ allLogsBytesMax: 50 * KiB, runningLogsBytesMax: 80 * KiB });
  turn("large", 60 * KiB, { ends: false });
  turn("small", 30 * KiB, { ends: false });
  assert.ok(counts().logBytes < 85 * KiB, `${counts().logBytes}`);
  const { turns, events } = client.transcript("large");
  assert.is(turns[0]?.reason, "aborted");
  const error = events.find(({ type }) => type === "error");
  assert.is(error?.["code"], "turn-too-large");
  assert.match(String(error?.["message"]), /all running turns together are larger than/);
  assert.is(client.transcript("small").turns[0]?.reason, undefined);
  assert.is(client.transcript("small").text.length, 30 * KiB);
  fixture.stop();
});

test("a turn that has sent `done` is not ended again, however large it is: nothing comes before its seal (1.3)", () => {
  for (const limits of [{ turnLogBytesMax: 10 * KiB }, { allLogsBytesMax: KiB, runningLogsBytesMax: 10 * KiB }]) {
    const { fixture, client } = open(limits);
    client.send({ type: "chat.subscribe", conversationId: "a" });
    fixture.orchestrator.begin("a");
    fixture.orchestrator.say("a", "x".repeat(8 * KiB));
    fixture.orchestrator.emit("a", {
      type: "done",
      reason: "stop",
      usage: { inputTokens: 1, outputTokens: 10 ** 300 },
    });
    fixture.orchestrator.emitRaw("a", { type: "turn-sealed", conversationId: "a", turnId: "turn-1", latestSeq: 2 });
    fixture.settle();
    assert.equal(
      client.transcript("a").events.map(({ type }) => type),
      ["text-delta", "done", "turn-sealed"],
    );
    assert.equal(fixture.orchestrator.given("stopTurn"), []);
    fixture.stop();
  }
});

test("a request for a turn makes room itself if a sealed turn can be shed", () => {
  const { fixture, turn, send } = open({ allLogsBytesMax: 25 * KiB });
  turn("a", 20 * KiB);
  turn("b", 10 * KiB, { ends: false });
  assert.is(send("c"), undefined);
  fixture.stop();
});

test("the bytes of a log are free again when it is forgotten", () => {
  const { fixture, client, turn, counts } = open({});
  turn("a", 10 * KiB);
  client.send({ type: "chat.unsubscribe", conversationId: "a" });
  assert.ok(counts().logBytes > 0);
  fixture.clock.advance(limits.sealedLogKeptMs + limits.sweepIntervalMs);
  assert.equal([counts().logs, counts().logBytes], [0, 0]);
  fixture.stop();
});

test("all sockets: of those that are behind, the ones with most unsent bytes are closed, and only as needed", () => {
  const { fixture } = open({ allUnsentBytesMax: 1_000 });
  const clients = [100, 700, 300, 500].map((unsent) => {
    const client = fixture.join({ reads: false });
    client.send({ type: "chat.subscribe", conversationId: "c" });
    client.socket.unsent = unsent;
    return client;
  });
  const reader = fixture.join();
  reader.send({ type: "chat.subscribe", conversationId: "c" });
  reader.socket.unsent = 5_000;
  fixture.orchestrator.begin("c");
  fixture.orchestrator.say("c", "x".repeat(limits.pingEveryBytes));
  fixture.settle();
  assert.equal([fixture.gateway.counts().unsentBytes, fixture.gateway.counts().largestUnsentBytes], [6_600, 5_000]);
  fixture.clock.advance(limits.ackTargetMs + limits.sweepIntervalMs);
  assert.equal(
    clients.map(({ socket }) => socket.closed?.code),
    [undefined, 4001, undefined, undefined],
  );
  assert.is(reader.socket.closed, undefined, "a socket that acknowledges in time is not closed");
  fixture.stop();
});

test.run();
