// Every refusal of the contract over a real socket (protocol 1.4): the exact reply, that the socket stays open, and
// that the request has no effect.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isRecord } from "../support/client/transcript.ts";
import { hastyClock, withHost } from "../support/gateway.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: refusals");

const effort = (shown: string) =>
  `chat.send: invalid reasoningEffort "${shown}" — must be one of: low, medium, high, xhigh, max`;
const needsMessage = "chat.send requires a non-empty string `message`";
const needsText = "chat.queue requires a non-empty string `text`";
const badArray = "chat.send: 'images' must be an array";
const badImage = "chat.send: each image must have a non-empty string 'url'";
const long = "x".repeat(201);
const lone = "a\ud800b";

/** Each request and its only reply. */
const exact: [name: string, sent: unknown, reply: Record<string, unknown>][] = [
  ["text that is not JSON", "raw:{oops", { type: "error", message: "Invalid JSON" }],
  ["an empty frame", "raw:", { type: "error", message: "Invalid JSON" }],
  ["an unknown surface, subscribed to", { type: "subscribe", surfaceId: "nope" }, unknownSurface("nope")],
  [
    "an unknown surface of a conversation, subscribed to",
    { type: "subscribe", surfaceId: "nope", conversationId: "c" },
    { ...unknownSurface("nope"), conversationId: "c" },
  ],
  ["an unknown surface, invoked", { type: "invoke", surfaceId: "nope", actionId: "a" }, unknownSurface("nope")],
  ["a chat.send without a message", { type: "chat.send" }, { type: "chat.error", message: needsMessage }],
  ["a chat.send with null", { type: "chat.send", message: null }, { type: "chat.error", message: needsMessage }],
  ["a chat.send with an empty message", chatSend({ message: "" }), chatError(needsMessage)],
  ["a chat.send with a number", chatSend({ message: 7 }), chatError(needsMessage)],
  ["a bad effort", chatSend({ reasoningEffort: "enormous" }), chatError(effort("enormous"))],
  ["an effort in capitals", chatSend({ reasoningEffort: "HIGH" }), chatError(effort("HIGH"))],
  ["an effort that is a number", chatSend({ reasoningEffort: 3 }), chatError(effort("3"))],
  ["images that are no array", chatSend({ images: "x" }), chatError(badArray)],
  ["images that are an object", chatSend({ images: { url: "x" } }), chatError(badArray)],
  ["an image without url", chatSend({ images: [{ url: "x" }, { mimeType: "image/png" }] }), chatError(badImage)],
  ["an image with an empty url", chatSend({ images: [{ url: "" }] }), chatError(badImage)],
  ["an image that is null", chatSend({ images: [null] }), chatError(badImage)],
  ["an image that is a string", chatSend({ images: ["x"] }), chatError(badImage)],
  ["the message before the effort", chatSend({ message: "", reasoningEffort: "x" }), chatError(needsMessage)],
  ["the effort before the images", chatSend({ images: 5, reasoningEffort: "x" }), chatError(effort("x"))],
  ["a special row before the last", chatSend({ message: "", model: 5 }), chatError(needsMessage)],
  [
    "a special row, without an unusable id",
    { type: "chat.send", conversationId: long, message: "" },
    { type: "chat.error", message: needsMessage },
  ],
  ["a chat.queue without text", { type: "chat.queue", conversationId: "c" }, chatError(needsText)],
  ["a chat.queue that is blank", { type: "chat.queue", conversationId: "c", text: " \n\t " }, chatError(needsText)],
  ["a chat.queue with a number", { type: "chat.queue", conversationId: "c", text: 1 }, chatError(needsText)],
  ["a chat.queue without both", { type: "chat.queue" }, { type: "chat.error", message: needsText }],
  [
    "a chat.queue without a conversation",
    { type: "chat.queue", text: "x" },
    { type: "chat.error", message: "chat.queue requires a non-empty string `conversationId`" },
  ],
  [
    "a chat.queue.cancel without a conversation",
    { type: "chat.queue.cancel", messageId: "m" },
    { type: "chat.error", message: "chat.queue.cancel requires a non-empty string `conversationId`" },
  ],
  [
    "a chat.queue.cancel with an empty conversation",
    { type: "chat.queue.cancel", conversationId: "", messageId: "m" },
    { type: "chat.error", message: "chat.queue.cancel requires a non-empty string `conversationId`" },
  ],
  [
    "a chat.queue.cancel without a message",
    { type: "chat.queue.cancel", conversationId: "c" },
    chatError("chat.queue.cancel requires a non-empty string `messageId`"),
  ],
];

function unknownSurface(surfaceId: string): Record<string, unknown> {
  return { type: "error", surfaceId, message: `Unknown surface: ${surfaceId}` };
}
function chatSend(fields: Record<string, unknown>): Record<string, unknown> {
  return { type: "chat.send", conversationId: "c", message: "hello", ...fields };
}
function chatError(message: string): Record<string, unknown> {
  return { type: "chat.error", conversationId: "c", message };
}

test("each special refusal is one exact reply and has no effect (1.4)", () =>
  withHost({ surfaces: [new ScriptedSurface("known")] }, async ({ orchestrator, join }) => {
    const client = await join();
    for (const [name, sent, reply] of exact) {
      if (typeof sent === "string") client.sendRaw(sent.slice("raw:".length));
      else client.send(sent);
      await client.barrier();
      assert.equal(client.unread(), [reply], name);
      await client.nextAny();
    }
    assert.equal(orchestrator.asked, []);
  }));

/** Each request and the field that its refusal must name. */
const invalid: [sent: unknown, field: string][] = [
  [null, "JSON object"],
  [5, "JSON object"],
  ["text", "JSON object"],
  [[], "JSON object"],
  [[{ type: "ping" }], "JSON object"],
  [{}, "`type`"],
  [{ type: null }, "`type`"],
  [{ type: 5 }, "`type`"],
  [{ type: "nonsense" }, "`type`"],
  [{ type: "__proto__" }, "`type`"],
  [{ type: "constructor" }, "`type`"],
  [{ type: "chat.delta" }, "`type`"],
  [{ type: "subscribe" }, "`surfaceId`"],
  [{ type: "subscribe", surfaceId: 5 }, "`surfaceId`"],
  [{ type: "subscribe", surfaceId: null }, "`surfaceId`"],
  [{ type: "subscribe", surfaceId: "" }, "`surfaceId`"],
  [{ type: "subscribe", surfaceId: long }, "`surfaceId`"],
  [{ type: "subscribe", surfaceId: lone }, "`surfaceId`"],
  [{ type: "subscribe", surfaceId: "known", conversationId: "" }, "`conversationId`"],
  [{ type: "subscribe", surfaceId: "known", conversationId: {} }, "`conversationId`"],
  [{ type: "unsubscribe" }, "`surfaceId`"],
  [{ type: "invoke", surfaceId: "known" }, "`actionId`"],
  [{ type: "invoke", surfaceId: "known", actionId: [] }, "`actionId`"],
  [{ type: "chat.subscribe" }, "`conversationId`"],
  [{ type: "chat.subscribe", conversationId: null }, "`conversationId`"],
  [{ type: "chat.subscribe", conversationId: lone }, "`conversationId`"],
  [{ type: "chat.unsubscribe", conversationId: 1 }, "`conversationId`"],
  [{ type: "chat.cancel" }, "`conversationId`"],
  [{ type: "chat.cancel", conversationId: "c", turnId: 5 }, "`turnId`"],
  [{ type: "chat.send", message: "x", conversationId: long }, "`conversationId`"],
  [{ type: "chat.send", message: "x", conversationId: lone }, "`conversationId`"],
  [{ type: "chat.send", message: "x", model: 5 }, "`model`"],
  [{ type: "chat.send", message: "x", cwd: {} }, "`cwd`"],
  [{ type: "chat.send", message: "x", workspaceId: [] }, "`workspaceId`"],
  [{ type: "chat.send", message: "x", computerId: true }, "`computerId`"],
  [{ type: "chat.send", message: "x", images: [{ url: "x", mimeType: 5 }] }, "`images.0.mimeType`"],
  [{ type: "chat.send", message: "x".repeat(2 ** 20 + 1) }, "`message`"],
  [{ type: "chat.queue", conversationId: "c", text: "x", workspaceId: 5 }, "`workspaceId`"],
  [{ type: "chat.queue", conversationId: "c", text: "x".repeat(65_536) }, "65536 bytes"],
  [{ type: "invoke", surfaceId: "known", actionId: "a", payload: nested(100) }, "`payload`"],
  [{ type: "ping", extra: nested(100) }, "`extra`"],
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

test("every other refusal is `Invalid message:` with the field, and the socket stays open (1.4)", () =>
  withHost({ surfaces: [new ScriptedSurface("known")] }, async ({ orchestrator, join }) => {
    const client = await join();
    for (const [sent, field] of invalid) {
      const shown = JSON.stringify(sent).slice(0, 100);
      client.send(sent);
      await client.barrier();
      assert.is(client.unread().length, 1, shown);
      const reply = await client.nextAny();
      assert.is(reply.type, "error", shown);
      assert.match(String(reply["message"]), /^Invalid message: /, shown);
      assert.ok(String(reply["message"]).includes(field), `${shown}: ${reply["message"]}`);
      assert.ok(JSON.stringify(reply).length < 1_000, `${shown}: the answer is short`);
      const isUsable = isRecord(sent) && sent["conversationId"] === "c";
      assert.is(reply["conversationId"], isUsable ? "c" : undefined, shown);
    }
    assert.equal(orchestrator.asked, []);
  }));

test("ids of 200 characters and texts of 1 MiB are accepted (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const conversationId = "😀".repeat(100);
    const message = "é".repeat(2 ** 19);
    client.send({ type: "chat.send", conversationId, message });
    await client.barrier();
    assert.equal(client.unread(), []);
    const [given] = orchestrator.given("startTurn");
    assert.ok(isRecord(given));
    assert.is(given["conversationId"], conversationId);
    assert.is(given["text"], message);
  }));

test("images may fill the frame: a chat.send of 15 MiB is accepted (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const url = `data:image/png;base64,${"A".repeat(15 * 2 ** 20)}`;
    client.send({ type: "chat.send", conversationId: "c", message: "look", images: [{ url }] });
    await client.barrier();
    assert.equal(client.unread(), []);
    assert.is(orchestrator.given("startTurn").length, 1);
  }));

test("during a turn chat.send is refused with the exact message, and the sender stays subscribed (1.4)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [owner, other] = [await join(), await join()];
    owner.send({ type: "chat.send", conversationId: "c", message: "x" });
    await owner.barrier();
    orchestrator.say("c", "from the start ");
    for (let times = 0; times < 2; times++) {
      other.send({ type: "chat.send", conversationId: "c", message: "me too" });
      assert.equal(await other.next("chat.error"), {
        type: "chat.error",
        conversationId: "c",
        message: "a turn is already generating for this conversation",
      });
    }
    orchestrator.say("c", "to the end");
    orchestrator.end("c");
    await other.nextEvent("c", "turn-sealed");
    assert.is(other.transcript("c").text, "from the start to the end");
  }));

test("a turn that is refused for another reason gets that reason and leaves no subscription behind (1.4)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const [refused, watcher] = [await join(), await join()];
    const answers: [answer: unknown, message: string][] = [
      [{ started: false, reason: "unknown-model", message: "there is no model p/x" }, "there is no model p/x"],
      [{ started: false, reason: "refusing-turns" }, "the turn was refused: refusing-turns"],
      [{ started: false, reason: "own word", message: "not today" }, "not today"],
    ];
    for (const [answer, message] of answers) {
      orchestrator.instead.startTurn = () => answer;
      refused.send({ type: "chat.send", conversationId: "c", message: "x", model: "p/x" });
      assert.equal(await refused.next("chat.error"), { type: "chat.error", conversationId: "c", message });
    }
    assert.is(orchestrator.subscriptions("c"), 0);
    delete orchestrator.instead.startTurn;
    watcher.send({ type: "chat.send", conversationId: "c", message: "x" });
    await watcher.barrier();
    orchestrator.say("c", "not for the refused one");
    orchestrator.end("c");
    await watcher.nextEvent("c", "turn-sealed");
    await refused.barrier();
    assert.equal(refused.unread(), []);
  }));

test("a refused turn keeps a subscription that existed before (1.4)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.subscribe", conversationId: "c" });
    orchestrator.instead.startTurn = () => ({ started: false, reason: "unknown-model", message: "unknown" });
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    await client.next("chat.error");
    orchestrator.begin("c");
    orchestrator.say("c", "still here");
    await client.nextEvent("c", "text-delta");
  }));

test("a refusal names no conversation when the request had none (1.4)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    orchestrator.instead.startTurn = () => ({ started: false, reason: "draining", message: "going down" });
    client.send({ type: "chat.send", message: "x" });
    assert.equal(await client.next("chat.error"), { type: "chat.error", message: "going down" });
    assert.is(orchestrator.subscriptions(), 0);
  }));

test("a refused chat.queue says why and leaves no subscription behind (1.4)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    orchestrator.instead.enqueue = () => ({ started: false, reason: "queue-full", message: "10 texts wait already" });
    client.send({ type: "chat.queue", conversationId: "c", text: "x" });
    assert.equal(await client.next("chat.error"), {
      type: "chat.error",
      conversationId: "c",
      message: "10 texts wait already",
    });
    orchestrator.begin("c");
    orchestrator.say("c", "x");
    await client.barrier();
    assert.equal(client.unread(), []);
  }));

test("the 129th subscription of a socket is refused, and ending one makes room", () =>
  withHost({ surfaces: [new ScriptedSurface("known")] }, async ({ orchestrator, join }) => {
    const client = await join();
    for (let n = 0; n < 128; n++) client.send({ type: "chat.subscribe", conversationId: `c${n}` });
    await client.barrier();
    assert.equal(client.unread(), []);
    client.send({ type: "chat.subscribe", conversationId: "more" });
    const refusal = await client.next("chat.error");
    assert.is(refusal["conversationId"], "more");
    assert.match(String(refusal["message"]), "128 subscriptions");
    client.send({ type: "subscribe", surfaceId: "known" });
    assert.match(String((await client.next("error"))["message"]), "128 subscriptions");
    client.send({ type: "chat.send", conversationId: "more", message: "x" });
    assert.match(String((await client.next("chat.error"))["message"]), "128 subscriptions");
    client.send({ type: "chat.queue", conversationId: "more", text: "x" });
    assert.match(String((await client.next("chat.error"))["message"]), "128 subscriptions");
    assert.equal(orchestrator.given("startTurn"), []);
    assert.equal(orchestrator.given("enqueue"), []);
    client.send({ type: "chat.unsubscribe", conversationId: "c0" });
    client.send({ type: "subscribe", surfaceId: "known" });
    await client.next("surface");
  }));

test("a surface action that throws, rejects or never settles is answered with the reason (1.4)", () => {
  const surface = new ScriptedSurface("known");
  return withHost({ surfaces: [surface], clock: hastyClock(20) }, async ({ join, host }) => {
    const client = await join();
    const never = new Promise(() => {});
    const outcomes: [outcome: () => unknown, message: string][] = [
      [() => thrown(new Error("it broke")), "it broke"],
      [() => thrown("only words"), "only words"],
      [() => Promise.reject(new Error("it broke later")), "it broke later"],
      [() => never, "press did not settle within 10 s"],
    ];
    for (const [outcome, message] of outcomes) {
      surface.invokeInstead = outcome;
      client.send({ type: "invoke", surfaceId: "known", actionId: "press" });
      assert.equal(await client.next("error"), { type: "error", surfaceId: "known", message });
      client.send({ type: "invoke", surfaceId: "known", actionId: "press", conversationId: "c" });
      const error = await client.next("error");
      assert.equal(error, { type: "error", surfaceId: "known", conversationId: "c", message });
    }
    assert.is(host.said("transport-ws: surface-op error").length, 8);
  });
});

function thrown(error: unknown): never {
  throw error;
}

test("a socket may have at most 32 unsettled actions", () => {
  const surface = new ScriptedSurface("known");
  const settle: (() => void)[] = [];
  surface.invokeInstead = () => new Promise<void>((resolve) => settle.push(resolve));
  return withHost({ surfaces: [surface] }, async ({ join }) => {
    const [client, other] = [await join(), await join()];
    for (let n = 0; n < 33; n++) client.send({ type: "invoke", surfaceId: "known", actionId: "a" });
    const refusal = await client.next("error");
    assert.match(String(refusal["message"]), "32 actions");
    assert.is(surface.invoked.length, 32);
    other.send({ type: "invoke", surfaceId: "known", actionId: "a" });
    await other.barrier();
    assert.is(surface.invoked.length, 33);
    for (const resolve of settle) resolve();
    await client.barrier();
    client.send({ type: "invoke", surfaceId: "known", actionId: "a" });
    await client.barrier();
    assert.is(surface.invoked.length, 34);
    assert.equal(client.unread(), []);
  });
});

test.run();
