// Every message of protocol 1.1 as the parser returns it: the fields of the contract, `null` treated as absent, and
// everything else dropped.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { clientSchemas } from "../../src/protocol/client-message.ts";
import { isUsableId } from "../../src/protocol/fields.ts";
import { issueText, MessageParser } from "../../src/protocol/parse.ts";

const test = suite("messages");
const parser = new MessageParser(limits);

/** The parsed message as JSON, so that undefined fields are absent. */
function read(value: object): unknown {
  const parsed = parser.parse(Buffer.from(JSON.stringify(value)));
  if (!("message" in parsed)) throw new Error(`was refused: ${JSON.stringify(parsed.refusal)}`);
  return JSON.parse(JSON.stringify(parsed.message));
}

const whole: { type: string; [field: string]: unknown }[] = [
  { type: "subscribe", surfaceId: "s", conversationId: "c" },
  { type: "unsubscribe", surfaceId: "s", conversationId: "c" },
  { type: "invoke", surfaceId: "s", actionId: "a", payload: { deep: [1, null] }, conversationId: "c" },
  {
    type: "chat.send",
    message: "hello",
    conversationId: "c",
    model: "demo/echo",
    cwd: "/tmp",
    reasoningEffort: "xhigh",
    workspaceId: "w",
    computerId: "d",
    images: [{ url: "data:," }, { url: "https://x", mimeType: "image/png" }],
  },
  { type: "chat.subscribe", conversationId: "c" },
  { type: "chat.unsubscribe", conversationId: "c" },
  { type: "chat.queue", conversationId: "c", text: " and then ", workspaceId: "w" },
  { type: "chat.queue.cancel", conversationId: "c", messageId: "m" },
  { type: "chat.cancel", conversationId: "c", turnId: "t" },
  { type: "ping" },
];

const optionalFields: Record<string, string[]> = {
  subscribe: ["conversationId"],
  unsubscribe: ["conversationId"],
  invoke: ["payload", "conversationId"],
  "chat.send": ["conversationId", "model", "cwd", "reasoningEffort", "workspaceId", "computerId", "images"],
  "chat.queue": ["workspaceId"],
  "chat.cancel": ["turnId"],
};

test("every message of the contract is known, and no other", () => {
  assert.equal([...clientSchemas(limits).keys()].sort(), whole.map(({ type }) => type).sort());
});

test("each message comes through with all its fields", () => {
  for (const message of whole) assert.equal(read(message), message);
});

test("each optional field may be left out, and null is the same as leaving it out", () => {
  for (const message of whole) {
    for (const name of optionalFields[message.type] ?? []) {
      const { [name]: _, ...without } = message;
      assert.equal(read(without), without);
      if (name !== "payload") assert.equal(read({ ...message, [name]: null }), without, `${message.type} ${name}`);
    }
  }
});

test("an invoke's payload of null stays null, and a missing payload stays missing", () => {
  const invoke = { type: "invoke", surfaceId: "s", actionId: "a" };
  assert.equal(read({ ...invoke, payload: null }), { ...invoke, payload: null });
  const parsed = parser.parse(Buffer.from(JSON.stringify(invoke)));
  assert.not.ok("message" in parsed && "payload" in parsed.message);
  for (const payload of [0, false, "", [], {}, "text"])
    assert.equal(read({ ...invoke, payload }), { ...invoke, payload });
});

test("an image's mimeType may be null", () => {
  const send = { type: "chat.send", message: "m" };
  assert.equal(read({ ...send, images: [{ url: "u", mimeType: null }] }), { ...send, images: [{ url: "u" }] });
  assert.equal(read({ ...send, images: [] }), { ...send, images: [] });
});

test("every effort of the contract is accepted", () => {
  for (const reasoningEffort of ["low", "medium", "high", "xhigh", "max"])
    assert.equal(read({ type: "chat.send", message: "m", reasoningEffort }), {
      type: "chat.send",
      message: "m",
      reasoningEffort,
    });
});

test("fields outside the contract are dropped", () => {
  for (const message of whole) assert.equal(read({ ...message, extra: 1, id: "later", after: { seq: 1 } }), message);
});

test("the text of a message is kept unchanged, with spaces, newlines and lone surrogates", () => {
  for (const text of [" ", "\n", "a\u0000b", "\ud83d", "\udc00x", "😀"])
    assert.equal(read({ type: "chat.send", message: text }), { type: "chat.send", message: text });
});

test("keys with a meaning in JavaScript have no effect", () => {
  const ping = JSON.stringify({ type: "ping" }).slice(0, -1);
  for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    const parsed = parser.parse(Buffer.from(`${ping},"${key}":{"type":"chat.send","polluted":true}}`));
    assert.equal(JSON.stringify(parsed), '{"message":{"type":"ping"}}');
    assert.equal(read({ type: "invoke", surfaceId: key, actionId: key }), {
      type: "invoke",
      surfaceId: key,
      actionId: key,
    });
    const unknown = parser.parse(Buffer.from(JSON.stringify({ type: key })));
    assert.match("refusal" in unknown ? unknown.refusal.reply.message : "", "`type` is unknown");
  }
  const inherited = parser.parse(Buffer.from('{"__proto__":{"type":"ping"}}'));
  assert.match("refusal" in inherited ? inherited.refusal.reply.message : "", "`type` must be a string");
  const image = parser.parse(Buffer.from('{"type":"chat.send","message":"m","images":[{"__proto__":{"url":"u"}}]}'));
  assert.match("refusal" in image ? image.refusal.reply.message : "", "each image");
  assert.is(Reflect.get({}, "polluted"), undefined);
});

test("a payload keeps such keys and gets no foreign prototype", () => {
  const text = '{"type":"invoke","surfaceId":"s","actionId":"a","payload":{"__proto__":{"admin":true}}}';
  const parsed = parser.parse(Buffer.from(text));
  if (!("message" in parsed) || parsed.message.type !== "invoke") throw new Error("was refused");
  const { payload } = parsed.message;
  assert.is(JSON.stringify(payload), '{"__proto__":{"admin":true}}');
  assert.is(Object.getPrototypeOf(payload), Object.prototype);
});

test("the last of two equal keys counts, as JSON says", () => {
  const parsed = parser.parse(Buffer.from('{"type":"chat.send","type":"ping","message":""}'));
  assert.equal(JSON.stringify(parsed), '{"message":{"type":"ping"}}');
});

test("a message that was parsed elsewhere is checked in the same way, without a size limit if it has no size", () => {
  const parsed = parser.check({ type: "chat.queue", conversationId: "c", text: "x".repeat(100_000) }, 0);
  assert.ok("message" in parsed);
});

test("usable and unusable ids are told apart", () => {
  for (const value of ["a", "x".repeat(200)]) assert.is(isUsableId(value, limits), true);
  for (const value of ["", "x".repeat(201), "\ud800", 1, null, undefined, {}])
    assert.is(isUsableId(value, limits), false);
});

test("a schema's own issue becomes a readable message", () => {
  const issue = { kind: "schema", type: "number", input: "x", received: '"x"', message: "Invalid type" } as const;
  assert.is(issueText({ ...issue, expected: "number" }), 'must be number, not "x"');
});

test.run();
