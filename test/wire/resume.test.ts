// Resume on the wire: a client that comes back gets exactly the events that it missed, or `recovered: false` (protocol
// 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client, Message } from "../support/client.ts";
import { type BareGateway, withGateway, withHost } from "../support/gateway.ts";

const test = suite("wire: resume");

const v1 = { protocols: ["turnwire.v1"] };

interface StreamCursor {
  epoch: string;
  seq: number;
}

async function subscribe(client: Client, after?: StreamCursor): Promise<Message> {
  client.send({ type: "chat.subscribe", conversationId: "c", ...(after && { after }) });
  return client.next("chat.subscribed");
}

function cursorOf(client: Client): StreamCursor {
  const { cursor } = client.transcript("c");
  if (!cursor) throw new Error("no event has arrived");
  return cursor;
}

const seqsOf = (client: Client): number[] =>
  client.received.filter(({ type }) => type === "chat.delta").map((message) => Number(message["seq"]));

test("a new subscription gets the position of the stream before the replay (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const before = await subscribe(client);
    assert.equal(Object.keys(before), ["type", "conversationId", "epoch", "seq", "turnId", "recovered"]);
    assert.equal([before["conversationId"], before["seq"], before["turnId"]], ["c", 0, null]);
    assert.is(before["recovered"], false, "the client has to read the history");
    orchestrator.begin("c");
    orchestrator.emit("c", { type: "turn-start" });
    orchestrator.say("c", "one ", "two");
    const late = await join(v1);
    const verdict = await subscribe(late);
    assert.equal([verdict["epoch"], verdict["seq"], verdict["turnId"]], [before["epoch"], 3, "turn-1"]);
    await late.nextEvent("c", { type: "text-delta" });
    const types = late.received.map(({ type }) => type);
    assert.ok(types.indexOf("chat.subscribed") < types.indexOf("chat.delta"));
    assert.is(late.transcript("c").text, "one two");
  }));

test("a client that comes back in mid-answer gets exactly the events since it left, with their text joined (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    await subscribe(client);
    orchestrator.begin("c");
    orchestrator.emit("c", { type: "turn-start" });
    orchestrator.say("c", "one ", "two ");
    await client.next((message) => message.type === "chat.delta" && message["seq"] === 3);
    const cursor = cursorOf(client);
    client.kill();
    orchestrator.say("c", "three ", "four ");
    const back = await join(v1);
    const verdict = await subscribe(back, cursor);
    assert.equal(verdict, {
      type: "chat.subscribed",
      conversationId: "c",
      epoch: cursor.epoch,
      seq: 5,
      turnId: "turn-1",
      recovered: true,
    });
    orchestrator.say("c", "five");
    orchestrator.end("c");
    await back.nextEvent("c", "turn-sealed");
    const { text, firstSeq } = back.transcript("c");
    assert.equal([text, firstSeq], ["three four five", 4]);
  }));

test("a client can resume in the middle of a run of text (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const { epoch } = await subscribe(client);
    orchestrator.begin("c");
    orchestrator.say("c", "a", "b", "c", "d", "e");
    for (let seq = 0; seq <= 5; seq++) {
      const back = await join(v1);
      assert.is((await subscribe(back, { epoch: String(epoch), seq }))["recovered"], true);
      orchestrator.say("c", "!");
      await back.next((message) => message.type === "chat.delta" && Number(message["seq"]) >= 6 + seq);
      assert.is(back.transcript("c").text, `abcde${"!".repeat(seq + 1)}`.slice(seq));
      assert.is(back.transcript("c").firstSeq, seq + 1);
      await back.close();
    }
  }));

test("turns that ended in between are replayed in full while their log is kept (2)", () =>
  withHost({}, async ({ join, orchestrator, host }) => {
    const client = await join(v1);
    await subscribe(client);
    orchestrator.begin("c");
    orchestrator.say("c", "one");
    await client.nextEvent("c", "text-delta");
    const cursor = cursorOf(client);
    await client.close();
    orchestrator.end("c");
    // No client watches now. The next turn is announced, and the kept log must record it.
    orchestrator.begin("c");
    const changed = { conversationId: "c", status: "active", workspaceId: "w" };
    host.fire("session-orchestrator/conversation-status-changed", changed);
    orchestrator.say("c", "two");
    orchestrator.end("c");
    const back = await join(v1);
    const verdict = await subscribe(back, cursor);
    assert.equal([verdict["recovered"], verdict["turnId"]], [true, null]);
    await back.next((message) => message["seq"] === verdict["seq"]);
    const { turns } = back.transcript("c");
    assert.equal(
      turns.map(({ text, sealed }) => [text, sealed]),
      [
        ["", true],
        ["two", true],
      ],
    );
    assert.equal(seqsOf(back), [2, 3, 4, 5, 6]);
  }));

test("a client that has every event gets only new ones (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    await subscribe(client);
    orchestrator.begin("c");
    orchestrator.say("c", "one");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    const back = await join(v1);
    const verdict = await subscribe(back, cursorOf(client));
    assert.equal([verdict["recovered"], verdict["seq"]], [true, cursorOf(client).seq]);
    await back.barrier();
    orchestrator.begin("c");
    orchestrator.say("c", "two");
    await back.nextEvent("c", "text-delta");
    assert.equal(seqsOf(back), [4]);
  }));

const unknown: [what: string, after: (cursor: StreamCursor) => StreamCursor][] = [
  ["another epoch", ({ seq }) => ({ epoch: "another", seq })],
  ["a seq that does not exist yet", ({ epoch, seq }) => ({ epoch, seq: seq + 100 })],
];

for (const [what, after] of unknown) {
  test(`after ${what} nothing is recovered, and the replay starts at the running turn (2)`, () =>
    withHost({}, async ({ join, orchestrator }) => {
      const client = await join(v1);
      await subscribe(client);
      orchestrator.begin("c");
      orchestrator.say("c", "one");
      orchestrator.end("c");
      orchestrator.begin("c");
      orchestrator.say("c", "two");
      await client.nextEvent("c", { type: "text-delta", delta: "two" });
      const back = await join(v1);
      const verdict = await subscribe(back, after(cursorOf(client)));
      assert.equal([verdict["recovered"], verdict["turnId"]], [false, "turn-2"]);
      await back.nextEvent("c", "text-delta");
      assert.is(back.transcript("c").text, "two");
    }));
}

/** Plays one turn whose watcher leaves in the middle of it. Returns the watcher's cursor. */
async function leftInMidTurn({ join, orchestrator }: BareGateway): Promise<StreamCursor> {
  const client = await join(v1);
  await subscribe(client);
  orchestrator.begin("c");
  orchestrator.say("c", "one");
  await client.nextEvent("c", "text-delta");
  const cursor = cursorOf(client);
  await client.close();
  orchestrator.say("c", "two");
  orchestrator.end("c");
  return cursor;
}

test("after the log was shed nothing is recovered, and the epoch is new (2)", () =>
  withGateway({ limits: { sealedLogKeptMs: 20, sweepIntervalMs: 5 } }, async (bare) => {
    const cursor = await leftInMidTurn(bare);
    const witness = await bare.join();
    while (bare.gateway.counts().logs > 0) await witness.barrier();
    const back = await bare.join(v1);
    const verdict = await subscribe(back, cursor);
    assert.equal([verdict["recovered"], verdict["seq"], verdict["turnId"]], [false, 0, null]);
    assert.is.not(verdict["epoch"], cursor.epoch);
  }));

test("a partly kept log recovers a client whose cursor is in the kept part, and no client before it (2)", () =>
  withGateway({ limits: { allLogsBytesMax: 3_000, shedPauseMs: 0 } }, async (bare) => {
    const cursor = await leftInMidTurn(bare);
    const watcher = await bare.join(v1);
    await subscribe(watcher);
    bare.orchestrator.begin("c");
    bare.orchestrator.say("c", "x".repeat(2_000));
    bare.orchestrator.say("c", "y".repeat(2_000));
    await watcher.nextEvent("c", ({ delta }) => String(delta).includes("y"));
    const kept = { epoch: cursor.epoch, seq: cursor.seq + 3 };
    const [early, late] = [await bare.join(v1), await bare.join(v1)];
    assert.is((await subscribe(early, cursor))["recovered"], false);
    assert.is((await subscribe(late, kept))["recovered"], true);
    await late.nextEvent("c", "text-delta");
    assert.is(late.transcript("c").firstSeq, kept.seq + 1);
  }));

test("a socket that is already subscribed gets the newest seq and no event again (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const first = await subscribe(client);
    orchestrator.begin("c");
    orchestrator.say("c", "one");
    await client.nextEvent("c", "text-delta");
    for (const after of [undefined, { epoch: "another", seq: 0 }, { epoch: String(first["epoch"]), seq: 0 }]) {
      const again = await subscribe(client, after);
      assert.equal([again["recovered"], again["seq"], again["turnId"]], [true, 1, "turn-1"]);
    }
    await client.barrier();
    assert.equal(seqsOf(client), [1]);
  }));

test("a subscription that fails is refused and gets no chat.subscribed (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    orchestrator.instead.subscribe = () => {
      throw new Error("broken");
    };
    client.send({ type: "chat.subscribe", id: "a", conversationId: "c" });
    const reply = await client.next("reply");
    assert.is(reply["ok"], false);
    await client.barrier();
    assert.equal(client.unread("chat.subscribed"), []);
  }));

test("sockets without the subprotocol get no chat.subscribed, and the whole running turn (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join();
    orchestrator.begin("c");
    orchestrator.say("c", "one");
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.nextEvent("c", "text-delta");
    const { epoch } = cursorOf(client);
    const other = await join();
    other.send({ type: "chat.subscribe", conversationId: "c", after: { epoch, seq: 1 } });
    await other.nextEvent("c", "text-delta");
    assert.equal(seqsOf(other), [1]);
    assert.equal(other.unread("chat.subscribed"), []);
  }));

test.run();
