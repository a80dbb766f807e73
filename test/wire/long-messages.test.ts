// Long messages on real sockets: they are processed one at a time, in the order of sending, even after the sender has
// disconnected.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../support/deadline.ts";
import { withHost } from "../support/gateway.ts";
import { opcodes, openUpgradedPeer } from "../support/http-peer.ts";

const test = suite("wire: long messages");

interface Given {
  conversationId: string;
  text: string;
}

const protocols = ["turnwire.v1"];
const long = "x".repeat(900_000);

test("messages after a long message are answered after it", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join({ protocols });
    client.send({ type: "chat.send", conversationId: "a", message: long, id: "long" });
    client.send({ type: "chat.send", conversationId: "b", message: "short", id: "short" });
    client.send({ type: "chat.send", conversationId: "c", message: long, id: "long too" });
    client.send({ type: "ping", id: "last" });
    await client.next({ type: "reply", id: "long too" });
    await client.next("pong");
    const replies = client.received.filter(({ type }) => type === "reply").map(({ id }) => id);
    assert.equal(replies.slice(0, 3), ["long", "short", "long too"]);
    assert.equal(
      orchestrator.given("startTurn").map((given) => (given as Given).text.length),
      [long.length, 5, long.length],
    );
  }));

test("a client that sends many messages after a long one is read again when the long one is done", () =>
  withHost({}, async ({ join }) => {
    const client = await join({ protocols });
    client.send({ type: "chat.send", conversationId: "a", message: long, id: "long" });
    for (let count = 0; count < 90; count++)
      client.sendRaw(JSON.stringify({ type: "ping", filler: "y".repeat(8_000) }));
    await client.next({ type: "reply", id: "long" });
    for (let count = 0; count < 90; count++) await client.next("pong");
    client.send({ type: "chat.send", conversationId: "b", message: "short", id: "short" });
    const { ok } = await client.next({ type: "reply", id: "short" });
    assert.is(ok, true);
  }));

test("a long message is processed although its sender disconnected at once", () =>
  withHost({}, async ({ join, orchestrator, host }) => {
    const client = await join({ protocols });
    client.send({ type: "chat.send", conversationId: "a", message: long, id: "long" });
    await client.close();
    await eventually(() => orchestrator.given("startTurn").length === 1, "the turn");
    await eventually(() => host.said("transport-ws: connection close").length === 1, "the socket to be gone");
  }));

test("queued long messages are processed even if their senders have disconnected or broken the protocol", () =>
  withHost({}, async ({ join, orchestrator, url }) => {
    const client = await join({ protocols });
    client.send({ type: "chat.send", conversationId: "first", message: long, id: "first" });
    const leaving = await join({ protocols });
    leaving.send({ type: "chat.send", conversationId: "second", message: long, id: "second" });
    leaving.send({ type: "chat.send", conversationId: "third", message: "short", id: "third" });
    await leaving.close();
    using breaking = await openUpgradedPeer(url);
    const message = JSON.stringify({ type: "chat.send", conversationId: "fourth", message: long });
    breaking.send({ opcode: opcodes.text, payload: message });
    breaking.send({ opcode: 0xb, payload: "reserved" });
    const begun = (): unknown[] => orchestrator.given("startTurn").map((given) => (given as Given).conversationId);
    await eventually(
      () => begun().length === 4,
      () => `the turns, so far ${begun()}`,
    );
    assert.equal(new Set(begun()), new Set(["first", "second", "third", "fourth"]));
    assert.ok(begun().indexOf("second") < begun().indexOf("third"));
  }));

test("a long invalid message counts by its length", () =>
  withHost({}, async ({ join }) => {
    const client = await join({ protocols });
    for (let count = 0; count < 8; count++) client.sendRaw(`{"nonsense":"${long}`);
    await client.next((message) =>
      /^Too many requests: wait \d+ ms \(.* counts as 14\)$/.test(String(message["message"])),
    );
  }));

test("tiny messages behind a long one are held back and then processed", () =>
  withHost({}, async ({ join, url }) => {
    const client = await join({ protocols });
    client.send({ type: "chat.send", conversationId: "first", message: long });
    using tiny = await openUpgradedPeer(url);
    tiny.send({
      opcode: opcodes.text,
      payload: JSON.stringify({ type: "chat.send", conversationId: "b", message: long }),
    });
    for (let count = 0; count < 400; count++) tiny.send({ opcode: opcodes.text, payload: "" });
    tiny.send({ opcode: opcodes.text, payload: '{"type":"ping"}' });
    await tiny.frame(({ payload }) => payload.toString() === '{"type":"pong"}');
  }));

test("of many pings at once the newest are answered, in order", () =>
  withHost({}, async ({ url }) => {
    using peer = await openUpgradedPeer(url);
    const pings = 400;
    for (let count = 0; count < pings; count++) peer.send({ opcode: opcodes.ping, payload: `${count}` });
    const seen: number[] = [];
    while (seen.at(-1) !== pings - 1)
      seen.push(Number((await peer.frame(({ opcode }) => opcode === opcodes.pong)).payload.toString()));
    assert.ok(seen.every((value, index) => index === 0 || value > (seen[index - 1] ?? 0)));
  }));

test.run();
