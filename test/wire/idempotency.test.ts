// Idempotency keys on the wire, with a host's orchestrator: a repeated request gets the first success again and starts
// nothing (protocol 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client, Message } from "../support/client.ts";
import { withGateway, withHost } from "../support/gateway.ts";

const test = suite("wire: idempotency");

const v1 = { protocols: ["turnwire.v1"] };
let requests = 0;

async function ask(client: Client, request: Record<string, unknown>): Promise<Message> {
  const id = `request ${++requests}`;
  client.send({ id, ...request });
  const { id: _, ...reply } = await client.next({ type: "reply", id });
  return reply;
}

test("a repeated chat.send with the same key gets the first success on any socket and starts nothing (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const [first, second] = [await join(v1), await join(v1)];
    const request = { type: "chat.send", conversationId: "c", message: "hello", idempotencyKey: "k" };
    const reply = await ask(first, request);
    assert.equal(reply, { type: "reply", ok: true, conversationId: "c", turnId: "turn-1" });
    orchestrator.say("c", "text");
    assert.equal(await ask(second, request), reply);
    assert.is(orchestrator.given("startTurn").length, 1);
    // The repetition subscribes its sender too.
    await second.nextEvent("c", "text-delta");
    orchestrator.end("c");
    assert.equal(await ask(second, request), reply, "even after the turn has ended");
    assert.is(orchestrator.given("startTurn").length, 1);
  }));

test("without a conversationId the key finds the conversation that was created (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const [first, second] = [await join(v1), await join(v1)];
    const request = { type: "chat.send", message: "hello", idempotencyKey: "k" };
    const reply = await ask(first, request);
    assert.equal(await ask(second, { ...request, conversationId: null }), reply);
    const elsewhere = await ask(second, { ...request, conversationId: "c" });
    assert.equal(elsewhere["turnId"], "turn-2", "with a conversationId it is a different key");
    assert.is(orchestrator.given("startTurn").length, 2);
  }));

test("a repeated chat.queue gets the first success, whether the text started a turn or was queued (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const request = { type: "chat.queue", conversationId: "c", text: "one", idempotencyKey: "k1" };
    const started = await ask(client, request);
    assert.is(started["startedTurn"], true);
    const waiting = await ask(client, { ...request, text: "two", idempotencyKey: "k2" });
    assert.equal([waiting["startedTurn"], waiting["messageId"]], [false, "message-1"]);
    const other = await join(v1);
    assert.equal(await ask(other, { ...request, text: "two", idempotencyKey: "k2" }), waiting);
    orchestrator.say("c", "text");
    await client.nextEvent("c", "text-delta");
    await other.barrier();
    assert.equal(other.unread("chat.delta"), [], "a queued text subscribes no client");
    assert.equal(await ask(other, request), started);
    await other.nextEvent("c", "text-delta");
    assert.is(orchestrator.given("enqueue").length, 2);
  }));

test("after a repeat under an idempotency key and a resume on the same socket, nothing older comes (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const first = await join(v1);
    const request = { type: "chat.send", conversationId: "c", message: "hello", idempotencyKey: "k" };
    await ask(first, request);
    orchestrator.emit("c", { type: "user-message", text: "hello" }, { type: "turn-start" });
    orchestrator.say("c", "one ", "two ");
    const { epoch, seq } = await first.next((message) => message.type === "chat.delta" && message["seq"] === 4);
    first.kill();
    orchestrator.say("c", "three");
    const back = await join(v1);
    // Both are sent before an answer comes, as a client does that repeats what it does not know to have arrived.
    back.send({ id: "again", ...request });
    back.send({ type: "chat.subscribe", conversationId: "c", after: { epoch, seq } });
    const { recovered } = await back.next("chat.subscribed");
    assert.is(recovered, true);
    orchestrator.end("c");
    await back.nextEvent("c", "turn-sealed");
    const told = back.received.map(({ type }) => type).lastIndexOf("chat.subscribed");
    const seqs = back.received
      .slice(told)
      .flatMap((message) => (message.type === "chat.delta" ? [message["seq"]] : []));
    assert.equal(seqs, [5, 6, 7]);
    assert.is(orchestrator.given("startTurn").length, 1);
  }));

test("a different request with the same key is refused as idempotency-conflict, with the remedy (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const request = { type: "chat.send", conversationId: "c", message: "hello", idempotencyKey: "k" };
    await ask(client, request);
    const others = [
      { ...request, message: "other" },
      { ...request, model: "p/m" },
      { type: "chat.queue", conversationId: "c", text: "hello", idempotencyKey: "k" },
    ];
    const remedy = "use a new one, or repeat that request unchanged";
    for (const other of others) {
      const { error } = await ask(client, other);
      assert.equal(error, {
        code: "idempotency-conflict",
        message: `${other.type}: this idempotencyKey was used for another request: ${remedy}`,
        retryable: false,
      });
    }
    client.send({ ...request, message: "other" });
    const refusal = await client.next("chat.error");
    assert.is(refusal["conversationId"], "c", "without an id the refusal is a chat.error, as in the base contract");
    assert.is(orchestrator.given("startTurn").length, 1);
    assert.equal(orchestrator.given("enqueue"), []);
  }));

test("a refusal is not remembered (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const request = { type: "chat.send", conversationId: "c", message: "hello", idempotencyKey: "k" };
    orchestrator.begin("c");
    assert.is((await ask(client, request))["ok"], false);
    orchestrator.end("c");
    assert.equal(await ask(client, request), { type: "reply", ok: true, conversationId: "c", turnId: "turn-2" });
  }));

test("a socket at its subscription limit gets the first success too, and an error that it cannot watch the turn", () =>
  withGateway({ limits: { subscriptionsPerSocketMax: 1 } }, async ({ join, orchestrator }) => {
    const [first, full] = [await join(v1), await join(v1)];
    const request = { type: "chat.send", conversationId: "c", message: "hello", idempotencyKey: "k" };
    const reply = await ask(first, request);
    full.send({ type: "chat.subscribe", conversationId: "another" });
    await full.next("chat.subscribed");
    assert.equal(await ask(full, request), reply);
    assert.match(String((await full.next("chat.error"))["message"]), /has 1 subscriptions, the maximum/);
    assert.is(orchestrator.given("startTurn").length, 1);
  }));

test("at most idempotencyKeysMax keys are remembered, and the oldest is forgotten first (limits)", () =>
  withGateway({ limits: { idempotencyKeysMax: 2 } }, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const send = (key: string) =>
      ask(client, { type: "chat.send", conversationId: `to ${key}`, message: "hello", idempotencyKey: key });
    const first = await send("a");
    await send("b");
    assert.equal(await send("a"), first);
    await send("c");
    orchestrator.end("to a");
    assert.is.not((await send("a"))["turnId"], first["turnId"], "the oldest key was forgotten");
  }));

test.run();
