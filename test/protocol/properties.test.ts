// Properties of every frame, whatever its content: the parser never throws, and returns either a message of the
// contract or a refusal of the contract, which is never larger than a few lines.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { clientSchemas } from "../../src/protocol/client-message.ts";
import { isUsableId } from "../../src/protocol/fields.ts";
import { MessageParser, type Parsed } from "../../src/protocol/parse.ts";
import { seeded } from "../support/seed.ts";

const test = suite("any frame");
const check = seeded("any frame");
const parser = new MessageParser(limits);

const types = [...clientSchemas(limits).keys()];
const ids = fc.oneof(
  fc.string({ unit: "binary", maxLength: 210 }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 5 }),
  fc.constantFrom("", "c", "x".repeat(200), "x".repeat(201), "\ud800", "__proto__"),
);
const anything = fc.oneof(fc.jsonValue(), ids, fc.constant(null), fc.constantFrom("low", "max", "huge"));
const images = fc.array(fc.oneof(anything, fc.record({ url: anything, mimeType: anything }, { requiredKeys: [] })));

/** Nearly valid messages: known types and fields, with values of every kind. */
const messages = fc.record(
  {
    type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...types) }, anything),
    surfaceId: fc.oneof(ids, anything),
    conversationId: fc.oneof(ids, anything),
    actionId: fc.oneof(ids, anything),
    messageId: fc.oneof(ids, anything),
    turnId: fc.oneof(ids, anything),
    payload: anything,
    message: anything,
    text: anything,
    model: anything,
    cwd: anything,
    reasoningEffort: anything,
    workspaceId: anything,
    computerId: anything,
    images: fc.oneof(images, anything),
    ["__proto__"]: anything,
    constructor: anything,
  },
  { requiredKeys: ["type"], noNullPrototype: true },
);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Checks that protocol 1.4 allows this result for this value. */
function holds(value: unknown, parsed: Parsed): void {
  const fields = isRecord(value) ? value : {};
  if ("message" in parsed) {
    assert.is(parsed.message.type, fields["type"]);
    for (const [name, got] of Object.entries(parsed.message)) {
      if (got === undefined) assert.ok((fields[name] ?? undefined) === undefined);
      else if (name !== "images") assert.equal(got, fields[name]);
    }
    for (const name of [
      "surfaceId",
      "conversationId",
      "actionId",
      "messageId",
      "turnId",
      "workspaceId",
      "computerId",
    ]) {
      const id: unknown = Reflect.get(parsed.message, name);
      assert.ok(id === undefined || isUsableId(id, limits), name);
    }
    return;
  }
  const { reply } = parsed.refusal;
  const text = JSON.stringify(reply);
  assert.ok(text.length < 1_500, text);
  if (reply.type === "error") assert.ok(/^Invalid (message: |JSON$)/.test(reply.message), text);
  else assert.ok(/^chat\.(send|queue|queue\.cancel)(:| requires) /.test(reply.message), text);
  assert.ok(reply.conversationId === undefined || reply.conversationId === fields["conversationId"]);
  if (reply.type === "chat.error")
    assert.is(reply.conversationId !== undefined, isUsableId(fields["conversationId"], limits));
}

test("any JSON value gives a message or a refusal", () => {
  check(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) =>
      holds(value, parser.parse(Buffer.from(JSON.stringify(value)))),
    ),
  );
});

test("any nearly valid message gives a message or a refusal", () => {
  check(
    fc.property(messages, (message) => {
      const text = JSON.stringify(message);
      holds(JSON.parse(text), parser.parse(Buffer.from(text)));
    }),
    3_000,
  );
});

test("any bytes give a message or a refusal", () => {
  const mutated = fc.tuple(messages, fc.nat(), fc.nat(255)).map(([message, at, byte]) => {
    const data = Buffer.from(JSON.stringify(message));
    data[at % data.length] = byte;
    return data;
  });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
    mutated,
  );
  check(
    fc.property(bytes, (data) => {
      const parsed = parser.parse(data);
      if ("refusal" in parsed) assert.ok(parsed.refusal.reply.message.length < 1_500);
    }),
    3_000,
  );
});

test("any nesting is either accepted or refused, and never throws", () => {
  check(
    fc.property(fc.array(fc.constantFrom("[", '{"a":'), { maxLength: 80 }), (opens) => {
      const closes = opens.map((open) => (open === "[" ? "]" : "}")).reverse();
      const payload = [...opens, "1", ...closes].join("");
      const parsed = parser.parse(Buffer.from(`{"type":"invoke","surfaceId":"s","actionId":"a","payload":${payload}}`));
      assert.is("message" in parsed, opens.length < limits.nestingDepthMax);
    }),
  );
});

test.run();
