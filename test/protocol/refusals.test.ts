// Every row of protocol 1.4 that depends only on the message, with its exact reply, and the precedence of the rows.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { MessageParser } from "../../src/protocol/parse.ts";
import { refusals } from "../../src/protocol/refusals.ts";

const test = suite("refusals");
const parser = new MessageParser(limits);

const parse = (value: unknown) => parser.parse(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));

function refusalOf(value: unknown) {
  const parsed = parse(value);
  if (!("refusal" in parsed)) throw new Error(`was not refused: ${JSON.stringify(value)}`);
  return parsed.refusal;
}

/** The reply on the wire: its fields in the contract's order, and no others. */
const replyTo = (value: unknown): string => JSON.stringify(refusalOf(value).reply);

const error = (message: string, conversationId?: string): string =>
  JSON.stringify({ type: "error", ...(conversationId && { conversationId }), message });
const chatError = (message: string, conversationId?: string): string =>
  JSON.stringify({ type: "chat.error", ...(conversationId && { conversationId }), message });

const refused = (name: string, rows: [unknown, string][]): void =>
  test(name, () => {
    for (const [value, reply] of rows) assert.is(replyTo(value), reply, `${JSON.stringify(value)}`.slice(0, 200));
  });

refused("invalid JSON is answered with `Invalid JSON`", [
  ["", error("Invalid JSON")],
  ["{", error("Invalid JSON")],
  ["undefined", error("Invalid JSON")],
  ["{'type':'ping'}", error("Invalid JSON")],
  ['{"type":"ping"}{"type":"ping"}', error("Invalid JSON")],
  ["\u{feff}{}", error("Invalid JSON")],
  ['{"type":"ping"\0}', error("Invalid JSON")],
]);

test("a frame that is not UTF-8 is answered with `Invalid JSON`", () => {
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
    const data = Buffer.concat([Buffer.from('{"type":"ping","x":"'), Buffer.from(bytes), Buffer.from('"}')]);
    const parsed = parser.parse(data);
    assert.is("refusal" in parsed && JSON.stringify(parsed.refusal.reply), error("Invalid JSON"));
  }
});

refused("a message that is not an object is refused as such", [
  ["null", error("Invalid message: must be a JSON object")],
  ["[]", error("Invalid message: must be a JSON object")],
  ['[{"type":"ping"}]', error("Invalid message: must be a JSON object")],
  ["1", error("Invalid message: must be a JSON object")],
  ["true", error("Invalid message: must be a JSON object")],
  ['"ping"', error("Invalid message: must be a JSON object")],
]);

refused("a missing or unknown type is named", [
  [{}, error("Invalid message: `type` must be a string")],
  [{ type: null }, error("Invalid message: `type` must be a string")],
  [{ type: 1 }, error("Invalid message: `type` must be a string")],
  [{ type: ["ping"] }, error("Invalid message: `type` must be a string")],
  [{ type: "" }, error('Invalid message: `type` is unknown: ""')],
  [{ type: "Ping" }, error('Invalid message: `type` is unknown: "Ping"')],
  [{ type: "hello" }, error('Invalid message: `type` is unknown: "hello"')],
  [{ type: 'say "x"' }, error('Invalid message: `type` is unknown: "say \\"x\\""')],
  [{ type: "x".repeat(60_000) }, error(`Invalid message: \`type\` is unknown: "${"x".repeat(99)}…`)],
]);

refused("a wrong field is named", [
  [{ type: "subscribe" }, error("Invalid message: `surfaceId` is missing")],
  [{ type: "subscribe", surfaceId: null }, error("Invalid message: `surfaceId` must be a string")],
  [{ type: "subscribe", surfaceId: 5 }, error("Invalid message: `surfaceId` must be a string")],
  [{ type: "subscribe", surfaceId: "" }, error("Invalid message: `surfaceId` must not be empty")],
  [{ type: "unsubscribe", surfaceId: {} }, error("Invalid message: `surfaceId` must be a string")],
  [
    { type: "subscribe", surfaceId: "s", conversationId: 1 },
    error("Invalid message: `conversationId` must be a string"),
  ],
  [{ type: "invoke", surfaceId: "s" }, error("Invalid message: `actionId` is missing")],
  [{ type: "chat.subscribe" }, error("Invalid message: `conversationId` is missing")],
  [{ type: "chat.unsubscribe", conversationId: "" }, error("Invalid message: `conversationId` must not be empty")],
  [{ type: "chat.cancel", conversationId: "c", turnId: 3 }, error("Invalid message: `turnId` must be a string", "c")],
  [
    { type: "chat.queue", conversationId: "c", text: "t", workspaceId: "" },
    error("Invalid message: `workspaceId` must not be empty", "c"),
  ],
  [{ type: "chat.send", message: "m", model: 3 }, error("Invalid message: `model` must be a string")],
  [{ type: "chat.send", message: "m", model: "" }, error("Invalid message: `model` must not be empty")],
  [
    { type: "chat.send", message: "m", cwd: "x".repeat(4_097) },
    error("Invalid message: `cwd` must have at most 4096 characters"),
  ],
  [
    { type: "chat.send", message: "m", conversationId: "c", images: [{ url: "u", mimeType: 7 }] },
    error("Invalid message: `images.0.mimeType` must be a string", "c"),
  ],
]);

test("ids have 1 to 200 characters of well-formed Unicode", () => {
  const fields: [Record<string, unknown>, string][] = [
    [{ type: "subscribe" }, "surfaceId"],
    [{ type: "subscribe", surfaceId: "s" }, "conversationId"],
    [{ type: "invoke", surfaceId: "s" }, "actionId"],
    [{ type: "chat.subscribe" }, "conversationId"],
    [{ type: "chat.cancel", conversationId: "c" }, "turnId"],
    [{ type: "chat.send", message: "m" }, "conversationId"],
    [{ type: "chat.send", message: "m" }, "workspaceId"],
    [{ type: "chat.send", message: "m" }, "computerId"],
  ];
  for (const [base, name] of fields) {
    const conversationId = typeof base["conversationId"] === "string" ? base["conversationId"] : undefined;
    for (const good of ["a", "x".repeat(200), "ü".repeat(200), "😀".repeat(100), " ", "__proto__", "\u0000"])
      assert.ok("message" in parse({ ...base, [name]: good }), `${name} ${good.slice(0, 10)}`);
    const bad: [string, string][] = [
      ["", "must not be empty"],
      ["x".repeat(201), "must have at most 200 characters"],
      ["\ud83d", "must be well-formed Unicode"],
      ["a\udc00b", "must be well-formed Unicode"],
      ["\udc00\ud800", "must be well-formed Unicode"],
    ];
    for (const [value, problem] of bad)
      assert.is(replyTo({ ...base, [name]: value }), error(`Invalid message: \`${name}\` ${problem}`, conversationId));
  }
});

refused("chat.send without a usable message", [
  [{ type: "chat.send" }, chatError("chat.send requires a non-empty string `message`")],
  [{ type: "chat.send", message: "" }, chatError("chat.send requires a non-empty string `message`")],
  [{ type: "chat.send", message: null }, chatError("chat.send requires a non-empty string `message`")],
  [
    { type: "chat.send", message: 5, conversationId: "c" },
    chatError("chat.send requires a non-empty string `message`", "c"),
  ],
  [{ type: "chat.send", conversationId: "" }, chatError("chat.send requires a non-empty string `message`")],
  [{ type: "chat.send", conversationId: "\ud800" }, chatError("chat.send requires a non-empty string `message`")],
]);

const effort = (x: string): string =>
  `chat.send: invalid reasoningEffort "${x}" — must be one of: low, medium, high, xhigh, max`;

refused("chat.send with a bad effort", [
  [{ type: "chat.send", message: "m", reasoningEffort: "huge" }, chatError(effort("huge"))],
  [{ type: "chat.send", message: "m", reasoningEffort: "", conversationId: "c" }, chatError(effort(""), "c")],
  [{ type: "chat.send", message: "m", reasoningEffort: "High" }, chatError(effort("High"))],
  [{ type: "chat.send", message: "m", reasoningEffort: 3 }, chatError(effort("3"))],
  [{ type: "chat.send", message: "m", reasoningEffort: false }, chatError(effort("false"))],
  [{ type: "chat.send", message: "m", reasoningEffort: ["low"] }, chatError(effort('["low"]'))],
  [{ type: "chat.send", message: "m", reasoningEffort: "e".repeat(500) }, chatError(effort(`${"e".repeat(100)}…`))],
]);

refused("chat.send with bad images", [
  [{ type: "chat.send", message: "m", images: {} }, chatError("chat.send: 'images' must be an array")],
  [
    { type: "chat.send", message: "m", images: "u", conversationId: "c" },
    chatError("chat.send: 'images' must be an array", "c"),
  ],
  ...[null, 1, "u", [], {}, { url: "" }, { url: 1 }, { url: null }].map((image): [unknown, string] => [
    { type: "chat.send", message: "m", images: [{ url: "good" }, image] },
    chatError("chat.send: each image must have a non-empty string 'url'"),
  ]),
]);

refused("chat.queue and chat.queue.cancel without their required fields", [
  [{ type: "chat.queue" }, chatError("chat.queue requires a non-empty string `text`")],
  [{ type: "chat.queue", conversationId: "c" }, chatError("chat.queue requires a non-empty string `text`", "c")],
  [
    { type: "chat.queue", conversationId: "c", text: 1 },
    chatError("chat.queue requires a non-empty string `text`", "c"),
  ],
  [
    { type: "chat.queue", conversationId: "c", text: " \n\t\u00a0\u2003\ufeff" },
    chatError("chat.queue requires a non-empty string `text`", "c"),
  ],
  [{ type: "chat.queue", text: "t" }, chatError("chat.queue requires a non-empty string `conversationId`")],
  [
    { type: "chat.queue", text: "t", conversationId: null },
    chatError("chat.queue requires a non-empty string `conversationId`"),
  ],
  [
    { type: "chat.queue", text: "t", conversationId: "x".repeat(201) },
    chatError("chat.queue requires a non-empty string `conversationId`"),
  ],
  [{ type: "chat.queue.cancel" }, chatError("chat.queue.cancel requires a non-empty string `conversationId`")],
  [
    { type: "chat.queue.cancel", messageId: "m" },
    chatError("chat.queue.cancel requires a non-empty string `conversationId`"),
  ],
  [
    { type: "chat.queue.cancel", conversationId: "c" },
    chatError("chat.queue.cancel requires a non-empty string `messageId`", "c"),
  ],
  [
    { type: "chat.queue.cancel", conversationId: "c", messageId: "\udfff" },
    chatError("chat.queue.cancel requires a non-empty string `messageId`", "c"),
  ],
]);

test("the special rows take precedence over the last one, and among them the first in table order", () => {
  const everythingWrong = { type: "chat.send", message: "", reasoningEffort: "x", images: 1, model: 1 };
  assert.match(replyTo(everythingWrong), "`message`");
  assert.match(replyTo({ ...everythingWrong, message: "m" }), "invalid reasoningEffort");
  assert.match(replyTo({ ...everythingWrong, message: "m", reasoningEffort: null }), "must be an array");
  assert.match(replyTo({ ...everythingWrong, message: "m", reasoningEffort: null, images: null }), "`model`");
  assert.match(replyTo({ type: "chat.queue", text: "", conversationId: "", workspaceId: 1 }), "`text`");
  assert.match(replyTo({ type: "chat.queue", text: "t", conversationId: "", workspaceId: 1 }), "`conversationId`");
  assert.match(
    replyTo({ type: "chat.queue", text: " ".repeat(limits.messageBytesMax), conversationId: "c" }),
    "`text`",
  );
});

test("a refusal of a chat message names the conversation if the request had a usable one", () => {
  assert.match(replyTo({ type: "chat.send", message: "m", conversationId: "c", model: 1 }), '"conversationId":"c"');
  assert.not.match(replyTo({ type: "chat.send", message: "m", conversationId: 5, model: 1 }), '"conversationId":');
  assert.not.match(replyTo({ type: "chat.send", message: "", conversationId: "x".repeat(201) }), "conversationId");
});

// ── sizes and nesting ─────────────────────────────────────────────────────────────────────────────────────────────

/** A message of exactly this many bytes on the wire. */
function ofBytes(fields: Record<string, unknown>, padded: string, bytes: number): string {
  const empty = Buffer.byteLength(JSON.stringify({ ...fields, [padded]: "" }));
  const text = JSON.stringify({ ...fields, [padded]: "x".repeat(bytes - empty) });
  assert.is(Buffer.byteLength(text), bytes);
  return text;
}

test("a message other than chat.send has at most 64 KiB, counted in bytes", () => {
  const queue = { type: "chat.queue", conversationId: "c" };
  assert.ok("message" in parse(ofBytes(queue, "text", limits.messageBytesMax)));
  const tooLarge = refusalOf(ofBytes(queue, "text", limits.messageBytesMax + 1));
  assert.is(tooLarge.code, "too-large");
  const message = "Invalid message: `chat.queue` may have at most 65536 bytes, this one has 65537";
  assert.equal(tooLarge.reply, { type: "error", conversationId: "c", message });
  // 30,000 characters of three bytes each.
  assert.is(refusalOf({ ...queue, text: "€".repeat(30_000) }).code, "too-large");
  assert.match(replyTo(ofBytes({ type: "ping" }, "padding", 70_000)), "`ping` may have at most 65536 bytes");
});

test("the text of a chat.send has at most 1 MiB, counted in bytes", () => {
  const send = (message: string) => ({ type: "chat.send", conversationId: "c", message });
  assert.ok("message" in parse(send("x".repeat(limits.chatTextBytesMax))));
  assert.ok("message" in parse(send("€".repeat(Math.floor(limits.chatTextBytesMax / 3)))));
  const expected = error("Invalid message: `message` must have at most 1048576 bytes", "c");
  assert.is(replyTo(send("x".repeat(limits.chatTextBytesMax + 1))), expected);
  assert.is(replyTo(send("€".repeat(Math.ceil(limits.chatTextBytesMax / 3)))), expected);
});

test("a chat.send of 16 MiB is accepted if its images are the large part", () => {
  const url = "A".repeat(limits.frameBytesMax - 200);
  const parsed = parse({ type: "chat.send", message: "what is this?", images: [{ url }, { url: "second" }] });
  if (!("message" in parsed) || parsed.message.type !== "chat.send") throw new Error("was refused");
  assert.is(parsed.message.images?.[0]?.url.length, url.length);
});

const nested = (levels: number, open = "[", close = "]"): string => open.repeat(levels) + close.repeat(levels);

test("a message is nested at most 32 levels deep, and the refusal names the field that is deeper", () => {
  const invoke = (payload: string) => `{"type":"invoke","surfaceId":"s","actionId":"a","payload":${payload}}`;
  assert.ok("message" in parse(invoke(nested(limits.nestingDepthMax - 1))));
  const expected = error("Invalid message: `payload` is nested deeper than 32 levels");
  assert.is(replyTo(invoke(nested(limits.nestingDepthMax))), expected);
  assert.is(replyTo(invoke(`${'{"a":'.repeat(32)}1${"}".repeat(32)}`)), expected);
  assert.is(replyTo(invoke(nested(30_000))), expected);
  assert.is(
    replyTo(`{"type":"ping","x":1,"deep":${nested(100)}}`),
    error("Invalid message: `deep` is nested deeper than 32 levels"),
  );
});

test("a field nested thirty thousand levels deep does not overflow the stack, whichever field it is", () => {
  const deep = nested(30_000);
  for (const field of ["reasoningEffort", "images", "conversationId", "model", "unknown"]) {
    const reply = replyTo(`{"type":"chat.send","message":"m","${field}":${deep}}`);
    assert.ok(reply.length < 300, reply.slice(0, 300));
  }
  assert.is(replyTo(`{"type":"chat.send","message":"m","reasoningEffort":${deep}}`), chatError(effort("…")));
  assert.is(replyTo(deep), error("Invalid message: must be a JSON object"));
  // A larger message is refused before it is parsed, because parsing would block the event loop for seconds.
  assert.is(replyTo(nested(1_000_000)), error("Invalid message: it is nested deeper than 32 levels"));
});

test("each refusal has the code of the contract and says whether a retry helps", () => {
  const rows: [ReturnType<typeof refusalOf>, string, boolean][] = [
    [refusalOf("{"), "invalid-message", false],
    [refusalOf({ type: "x" }), "invalid-message", false],
    [refusalOf({ type: "chat.send" }), "text-required", false],
    [refusalOf({ type: "chat.send", message: "m", reasoningEffort: 1 }), "invalid-effort", false],
    [refusalOf({ type: "chat.send", message: "m", images: 1 }), "invalid-images", false],
    [refusals.unknownSurface("s", "c"), "unknown-surface", false],
    [refusals.surfaceFailed("s", "it broke"), "surface-failed", true],
    [refusals.turnRunning("c"), "turn-running", true],
    [refusals.tooMany("too many"), "too-many", true],
  ];
  for (const [refusal, code, retryable] of rows) assert.equal([refusal.code, refusal.retryable], [code, retryable]);
});

test("the refusals that depend on more than the message are worded as in the contract", () => {
  const onWire = (refusal: { reply: unknown }): string => JSON.stringify(refusal.reply);
  assert.is(
    onWire(refusals.unknownSurface("s", "c")),
    '{"type":"error","surfaceId":"s","conversationId":"c","message":"Unknown surface: s"}',
  );
  assert.is(onWire(refusals.unknownSurface("s")), '{"type":"error","surfaceId":"s","message":"Unknown surface: s"}');
  assert.is(onWire(refusals.surfaceFailed("s", "why")), '{"type":"error","surfaceId":"s","message":"why"}');
  assert.is(onWire(refusals.turnRunning("c")), chatError("a turn is already generating for this conversation", "c"));
});

test.run();
