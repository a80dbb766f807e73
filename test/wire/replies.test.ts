// The subprotocol turnwire.v1 on the wire: hello, and a reply to each request that has an id, in place of the base
// contract's refusals (protocol 2). Sockets without the subprotocol must not be affected.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { packageVersion } from "../../src/version.ts";
import { isRecord } from "../support/client/transcript.ts";
import type { Client, Message } from "../support/client.ts";
import { connect } from "../support/client.ts";
import { withGateway, withHost } from "../support/gateway.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: replies");

const v1 = { protocols: ["turnwire.v1"] };

async function ask(client: Client, request: Record<string, unknown>): Promise<Message> {
  client.send(request);
  return client.next({ type: "reply", id: request["id"] });
}

const errorOf = (reply: Message): Record<string, unknown> => {
  assert.is(reply["ok"], false, JSON.stringify(reply));
  const { error } = reply as { error?: unknown };
  if (!isRecord(error)) throw new Error(`no error in ${JSON.stringify(reply)}`);
  return error;
};

// ── hello ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Limits whose names on the wire differ from their names in src/limits.ts. */
const olderNames = new Map([
  ["looksBurst", "readsBurst"],
  ["looksPerSecond", "readsPerSecond"],
  ["longWorkWaitMsMax", "longMessageWaitMsMax"],
  ["newcomersWaitingMax", "pendingUpgradesMax"],
  ["newcomerBytesMax", "pendingUpgradeBytesMax"],
  ["vainNewcomerMs", "shortLivedSocketMs"],
  ["vainNewcomersBurst", "shortLivedSocketsBurst"],
  ["vainNewcomersPerSecond", "shortLivedSocketsPerSecond"],
  ["receiptWishedMs", "ackTargetMs"],
  ["markAnswerMs", "ackTimeoutMs"],
]);

test("a v1 socket first gets hello with every limit that applies to it, and then the catalog (2)", () =>
  withHost({}, async ({ url }) => {
    using client = await connect(url, v1);
    using other = await connect(url, v1);
    assert.is(client.protocol, "turnwire.v1");
    const hello = await client.nextAny();
    assert.is((await client.nextAny()).type, "catalog");
    const { type, server, version, connectionId, limits: announced } = hello;
    assert.equal([type, server, version], ["hello", "turnwire", packageVersion()]);
    assert.type(connectionId, "string");
    assert.is.not(connectionId, (await other.nextAny())["connectionId"], "each socket has its own connectionId");
    assert.ok(isRecord(announced));
    for (const [name, value] of Object.entries(announced))
      assert.is(Reflect.get(limits, olderNames.get(name) ?? name), value, name);
    for (const name of ["frameBytesMax", "subscriptionsPerSocketMax", "sealedLogKeptMs", ...olderNames.keys()])
      assert.ok(name in announced, name);
    assert.not.ok("queuedTextsMax" in announced, "a host's queue has its own limits");
  }));

test("limits below their defaults are announced too (2)", () =>
  withGateway({ limits: { subscriptionsPerSocketMax: 3 } }, async ({ url }) => {
    using client = await connect(url, v1);
    const { limits: announced } = await client.next("hello");
    assert.ok(isRecord(announced));
    assert.is(announced["subscriptionsPerSocketMax"], 3);
  }));

// ── success ───────────────────────────────────────────────────────────────────────────────────────────────────────

test("each request with an id gets one reply, and a success without an id gets none (2)", () =>
  withHost({ surfaces: [new ScriptedSurface("one")] }, async ({ join, orchestrator }) => {
    const client = await join(v1);
    await client.next("hello");
    const requests: Record<string, unknown>[] = [
      { type: "subscribe", surfaceId: "one" },
      { type: "unsubscribe", surfaceId: "one" },
      { type: "unsubscribe", surfaceId: "never subscribed" },
      { type: "chat.subscribe", conversationId: "c" },
      { type: "chat.unsubscribe", conversationId: "c" },
      { type: "ping" },
    ];
    for (const [at, request] of requests.entries()) {
      assert.equal(await ask(client, { ...request, id: `r${at}` }), { type: "reply", id: `r${at}`, ok: true });
      client.send({ ...request, id: null });
      client.send(request);
    }
    await client.barrier();
    assert.is(client.received.filter(({ type }) => type === "reply").length, requests.length);
    assert.is(orchestrator.subscriptions(), 0);
  }));

test("the reply to chat.send names its turn and comes before the turn's first event (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    // A host that emits a whole turn before startTurn returns.
    orchestrator.onStart = (id) => {
      orchestrator.emit(id, { type: "user-message", text: "hello" }, { type: "turn-start" });
      orchestrator.end(id);
    };
    client.send({ type: "chat.send", id: "a", conversationId: "c", message: "hello" });
    await client.nextEvent("c", "turn-sealed");
    const types = client.received.map(({ type }) => type).filter((type) => type === "reply" || type === "chat.delta");
    assert.is(types[0], "reply");
    assert.equal(
      client.received.find(({ type }) => type === "reply"),
      { type: "reply", id: "a", ok: true, conversationId: "c", turnId: "turn-1" },
    );
    const minted = await ask(client, { type: "chat.send", id: "b", message: "hello" });
    assert.type(minted["conversationId"], "string");
    assert.is(minted["turnId"], "turn-2");
  }));

test("the reply to chat.queue says whether a turn was started, and has the id for withdrawing the text (2)", () =>
  withHost({}, async ({ join }) => {
    const client = await join(v1);
    const queue = { type: "chat.queue", conversationId: "c" };
    const started = { conversationId: "c", startedTurn: true, turnId: "turn-1" };
    const waits = { conversationId: "c", startedTurn: false, messageId: "message-1" };
    const reply = (id: string, contents: object) => ({ type: "reply", id, ok: true, ...contents });
    assert.equal(await ask(client, { ...queue, id: "a", text: "one" }), reply("a", started));
    assert.equal(await ask(client, { ...queue, id: "b", text: "two" }), reply("b", waits));
    const cancel = { type: "chat.queue.cancel", conversationId: "c", messageId: "message-1" };
    assert.equal(await ask(client, { ...cancel, id: "c" }), reply("c", { cancelled: true }));
    assert.equal(await ask(client, { ...cancel, id: "d" }), reply("d", { cancelled: false }));
  }));

test("a host may answer enqueue with `startedTurn` alone (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    orchestrator.instead.enqueue = () => ({ startedTurn: false });
    const reply = await ask(client, { type: "chat.queue", id: "a", conversationId: "c", text: "x" });
    assert.equal(reply, { type: "reply", id: "a", ok: true, conversationId: "c", startedTurn: false });
    orchestrator.instead.enqueue = ({ conversationId }: { conversationId: string }) => {
      orchestrator.begin(conversationId);
      orchestrator.emit(conversationId, { type: "turn-start" });
      return { startedTurn: true };
    };
    const started = await ask(client, { type: "chat.queue", id: "b", conversationId: "d", text: "x" });
    assert.equal(started, {
      type: "reply",
      id: "b",
      ok: true,
      conversationId: "d",
      startedTurn: true,
      turnId: "turn-1",
    });
  }));

test("the reply to chat.cancel names the stopped turn, if any (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const [asker, other] = [await join(v1), await join(v1)];
    orchestrator.begin("c");
    orchestrator.emit("c", { type: "turn-start" });
    const cancel = { type: "chat.cancel", conversationId: "c" };
    assert.is((await ask(asker, { ...cancel, id: "a", turnId: "another" }))["cancelled"], false);
    const reply = await ask(other, { ...cancel, id: "b" });
    assert.equal(reply, { type: "reply", id: "b", ok: true, cancelled: true, turnId: "turn-1" });
    assert.equal(await ask(asker, { ...cancel, id: "c" }), { type: "reply", id: "c", ok: true, cancelled: false });
  }));

test("a turn can be cancelled by the turnId of its reply before its first event (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    const { turnId } = await ask(client, { type: "chat.send", id: "a", conversationId: "c", message: "hello" });
    const cancel = { type: "chat.cancel", conversationId: "c" };
    assert.is((await ask(client, { ...cancel, id: "b", turnId: "another" }))["cancelled"], false);
    assert.equal(orchestrator.given("stopTurn"), []);
    const reply = await ask(client, { ...cancel, id: "c", turnId });
    assert.equal(reply, { type: "reply", id: "c", ok: true, cancelled: true, turnId });
  }));

test("a turn that a host emits completely before startTurn returns does not count as running", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    orchestrator.onStart = (id) => {
      orchestrator.emit(id, { type: "turn-start" });
      orchestrator.end(id);
    };
    const { turnId } = await ask(client, { type: "chat.send", id: "a", conversationId: "c", message: "hello" });
    const reply = await ask(client, { type: "chat.cancel", id: "b", conversationId: "c", turnId });
    assert.is(reply["cancelled"], false);
    assert.equal(orchestrator.given("stopTurn"), []);
  }));

test("invoke gets its reply only when its action has settled (2)", () => {
  const surface = new ScriptedSurface("one");
  const { promise, resolve } = Promise.withResolvers<void>();
  const failing = Promise.withResolvers<void>();
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const client = await join(v1);
    surface.invokeInstead = () => promise;
    client.send({ type: "invoke", id: "slow", surfaceId: "one", actionId: "press" });
    await client.barrier();
    assert.equal(client.unread("reply"), []);
    resolve();
    assert.equal(await client.next("reply"), { type: "reply", id: "slow", ok: true });
    surface.invokeInstead = () => failing.promise;
    client.send({ type: "invoke", id: "bad", surfaceId: "one", actionId: "press" });
    await client.barrier();
    failing.reject(new Error("the press is jammed"));
    assert.equal(errorOf(await client.next("reply")), {
      code: "surface-failed",
      message: "the press is jammed",
      retryable: true,
    });
    await client.barrier();
    assert.equal(client.unread("error"), [], "the reply replaces the error message");
  });
});

// ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────

const refused: [request: Record<string, unknown>, code: string, message: RegExp][] = [
  [{ type: "subscribe", surfaceId: "none" }, "unknown-surface", /^Unknown surface: none$/],
  [{ type: "invoke", surfaceId: "none", actionId: "x" }, "unknown-surface", /^Unknown surface: none$/],
  [{ type: "chat.send", message: "" }, "text-required", /^chat\.send requires a non-empty string `message`$/],
  [{ type: "chat.send", message: "x", reasoningEffort: "some" }, "invalid-effort", /must be one of: low, medium/],
  [{ type: "chat.send", message: "x", images: 1 }, "invalid-images", /must be an array/],
  [{ type: "chat.send", message: "x", idempotencyKey: "" }, "invalid-message", /`idempotencyKey` must not be empty/],
  [{ type: "chat.send", message: "x", idempotencyKey: "k".repeat(129) }, "invalid-message", /at most 128/],
  [{ type: "chat.queue", conversationId: "c", text: " " }, "text-required", /non-empty string `text`/],
  [{ type: "chat.queue", conversationId: "c", text: "x", idempotencyKey: 7 }, "invalid-message", /`idempotencyKey`/],
  [{ type: "chat.subscribe" }, "invalid-message", /^Invalid message: `conversationId` is missing$/],
  [
    { type: "chat.subscribe", conversationId: "c", after: 5 },
    "invalid-message",
    /`after` must be an object \{epoch, seq\}/,
  ],
  [{ type: "chat.subscribe", conversationId: "c", after: { seq: 1 } }, "invalid-message", /`after\.epoch` is missing/],
  [{ type: "chat.subscribe", conversationId: "c", after: { epoch: "e", seq: -1 } }, "invalid-message", /`after\.seq`/],
  [{ type: "chat.subscribe", conversationId: "c", after: { epoch: "e", seq: 1.5 } }, "invalid-message", /`after\.seq`/],
  [{ type: "dance" }, "invalid-message", /`type` is unknown: "dance"/],
  [{}, "invalid-message", /`type` must be a string/],
  [{ type: "chat.send", message: "x", cwd: "y".repeat(5_000) }, "invalid-message", /`cwd` must have at most 4096/],
  [{ type: "chat.queue", conversationId: "c", text: "y".repeat(70_000) }, "too-large", /may have at most 65536 bytes/],
];

test("a refused request with an id gets a reply with code and message instead of the base refusal (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    await client.next("hello");
    for (const [at, [request, code, message]] of refused.entries()) {
      const error = errorOf(await ask(client, { ...request, id: `r${at}` }));
      assert.is(error["code"], code, JSON.stringify(request));
      assert.match(String(error["message"]), message);
      assert.is(error["retryable"], false, code);
    }
    await client.barrier();
    assert.equal(client.unread(), [], "no message besides the replies");
    assert.equal(orchestrator.given("startTurn"), [], "no refusal has an effect");
  }));

test("the refusal turn-running is retryable, and the sender stays subscribed (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    orchestrator.begin("c");
    const reply = await ask(client, { type: "chat.send", id: "a", conversationId: "c", message: "x" });
    assert.equal(errorOf(reply), {
      code: "turn-running",
      message: "a turn is already generating for this conversation",
      retryable: true,
    });
    orchestrator.emit("c", { type: "turn-start" });
    await client.nextEvent("c", "turn-start");
  }));

test("a refusal with a known waiting time has retryAfterMs (2)", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const client = await join(v1);
    orchestrator.instead.startTurn = () => ({ started: false, reason: "draining", message: "going" });
    const error = errorOf(await ask(client, { type: "chat.send", id: "a", message: "x" }));
    assert.equal(error, {
      code: "draining",
      message: "going",
      retryable: true,
      retryAfterMs: limits.reconnectAfterMs,
    });
  }));

test("a request without a usable id is refused as in the base contract (2)", () =>
  withHost({}, async ({ join }) => {
    const client = await join(v1);
    client.sendRaw("{");
    assert.equal(await client.next("error"), { type: "error", message: "Invalid JSON" });
    client.send({ type: "ping", id: 7 });
    assert.equal(await client.next("error"), { type: "error", message: "Invalid message: `id` must be a string" });
    client.send({ type: "ping", id: "" });
    assert.match(String((await client.next("error"))["message"]), /`id` must not be empty/);
    client.send({ type: "chat.send", message: "", conversationId: "c" });
    assert.equal(await client.next("chat.error"), {
      type: "chat.error",
      conversationId: "c",
      message: "chat.send requires a non-empty string `message`",
    });
  }));

test("an id whose reply is pending cannot be reused: illegal-state, with the remedy (2)", () => {
  const surface = new ScriptedSurface("one");
  const { promise, resolve } = Promise.withResolvers<void>();
  return withHost({ surfaces: [surface] }, async ({ join, orchestrator }) => {
    const client = await join(v1);
    surface.invokeInstead = () => promise;
    client.send({ type: "invoke", id: "a", surfaceId: "one", actionId: "press" });
    const error = errorOf(await ask(client, { type: "chat.send", id: "a", message: "x" }));
    assert.is(error["code"], "illegal-state");
    assert.match(String(error["message"]), /"a" waits for its reply: use another `id`/);
    assert.equal(orchestrator.given("startTurn"), []);
    resolve();
    assert.equal(await client.next("reply"), { type: "reply", id: "a", ok: true });
    assert.equal(await ask(client, { type: "ping", id: "a" }), { type: "reply", id: "a", ok: true });
  });
});

// ── sockets without the subprotocol ───────────────────────────────────────────────────────────────────────────────

test("on a socket without the subprotocol the fields of v1 are ignored, whatever their values (2)", () =>
  withHost({ surfaces: [new ScriptedSurface("one")] }, async ({ join, orchestrator }) => {
    for (const options of [{}, { protocols: ["turnwire.base"] }]) {
      const client = await join(options);
      client.send({ type: "ping", id: 7 });
      client.send({ type: "chat.subscribe", conversationId: "c", id: "a", after: "nonsense" });
      client.send({ type: "chat.send", conversationId: `new ${options.protocols}`, message: "x", idempotencyKey: 9 });
      client.send({ type: "chat.send", id: "b", message: "" });
      await client.next("pong");
      assert.is((await client.next("chat.error"))["message"], "chat.send requires a non-empty string `message`");
      await client.barrier();
      assert.equal(client.unread(), []);
    }
    assert.is(orchestrator.given("startTurn").length, 2);
  }));

test.run();
