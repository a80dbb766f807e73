// Frames that no correct client sends: each gets the reply or the close that RFC 6455 or the contract specifies, and no
// other socket is affected.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { budgets } from "../budgets.ts";
import { encodeFrame } from "../support/client/frames.ts";
import type { Message } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { type Fixture, withHost } from "../support/gateway.ts";
import { closeOf, closePayload, type FrameToSend, opcodes, openPeer, openUpgradedPeer } from "../support/http-peer.ts";

const test = suite("wire: bad input");

const invalidUtf8 = Buffer.from([0x22, 0xc3, 0x28, 0x22]);
const fits = 16 * 2 ** 20;

/** Proves that a new socket gets a whole turn. */
async function provesWell({ orchestrator, join }: Fixture): Promise<void> {
  const client = await join();
  const conversationId = `well-${orchestrator.asked.length}`;
  client.send({ type: "chat.send", conversationId, message: "x" });
  await client.barrier();
  orchestrator.say(conversationId, "well");
  orchestrator.end(conversationId);
  await client.nextEvent(conversationId, "turn-sealed");
  assert.is(client.transcript(conversationId).text, "well");
}

test("binary frames are read as UTF-8 JSON, and invalid UTF-8 in one is `Invalid JSON` (1.1, 1.4)", () =>
  withHost({}, async (fixture) => {
    const client = await fixture.join();
    client.sendRaw(Buffer.from('{"type":"ping"}'));
    await client.next("pong");
    for (const bytes of [invalidUtf8, Buffer.alloc(0), Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), Buffer.alloc(99)]) {
      client.sendRaw(bytes);
      assert.equal(await client.next("error"), { type: "error", message: "Invalid JSON" });
    }
    await client.barrier();
    await provesWell(fixture);
  }));

/** The frames of each breach and the close code that they cause. */
const breaches: [name: string, frames: FrameToSend[], code: number][] = [
  ["invalid UTF-8 in a text frame", [{ opcode: opcodes.text, payload: invalidUtf8 }], 1007],
  [
    "invalid UTF-8 across two fragments",
    [
      { opcode: opcodes.text, payload: Buffer.from([0x22, 0xc3]), fin: false },
      { opcode: opcodes.continuation, payload: Buffer.from([0x28, 0x22]) },
    ],
    1007,
  ],
  [
    "a frame that claims to be larger than 16 MiB",
    [{ opcode: opcodes.text, payload: "x", claimedLength: fits + 1 }],
    1009,
  ],
  [
    "a frame that claims to be larger than memory",
    [{ opcode: opcodes.binary, payload: "x", claimedLength: 2 ** 60 }],
    1009,
  ],
  ["an unmasked frame", [{ opcode: opcodes.text, payload: "{}", masked: false }], 1002],
  ["reserved bits", [{ opcode: opcodes.text, payload: "{}", reserved: 4 }], 1002],
  ["an unknown opcode", [{ opcode: 0x3, payload: "{}" }], 1002],
  ["a continuation of nothing", [{ opcode: opcodes.continuation, payload: "{}" }], 1002],
  ["a ping of 126 bytes", [{ opcode: opcodes.ping, payload: "x".repeat(126) }], 1002],
  ["a fragmented ping", [{ opcode: opcodes.ping, payload: "x", fin: false }], 1002],
  ["a close with a code that may not be sent", [{ opcode: opcodes.close, payload: closePayload(1005) }], 1002],
  ["a close with one byte", [{ opcode: opcodes.close, payload: "x" }], 1002],
  ["a close with a reason that is no UTF-8", [{ opcode: opcodes.close, payload: closeOfInvalidUtf8() }], 1007],
];

function closeOfInvalidUtf8(): Buffer {
  return Buffer.concat([closePayload(1000), invalidUtf8]);
}

for (const [name, frames, code] of breaches) {
  test(`${name} closes the socket with ${code} and affects no other socket`, () =>
    withHost({}, async (fixture) => {
      using peer = await openUpgradedPeer(fixture.url);
      const other = await fixture.join();
      for (const frame of frames) peer.send(frame);
      assert.is(closeOf(await peer.closeFrame()).code, code);
      peer.kill();
      const closed = () => fixture.host.said("transport-ws: connection close").length === 1;
      await eventually(closed, "the socket to be released");
      await other.barrier();
      await provesWell(fixture);
    }));
}

test("a message of more than 16 MiB in total closes with 1009, even if each fragment is small", () =>
  withHost({}, async (fixture) => {
    using peer = await openUpgradedPeer(fixture.url);
    const payload = Buffer.alloc(2 ** 20, 0x20);
    for (let fragment = 0; fragment < 17; fragment++)
      peer.send({ opcode: fragment === 0 ? opcodes.text : opcodes.continuation, payload, fin: false });
    assert.is(closeOf(await peer.closeFrame()).code, 1009);
    await provesWell(fixture);
  }));

for (const [how, atOnce] of [
  ["one by one", false],
  ["in one write", true],
] as const)
  test(`a message in many fragments, with pings between them, ${how}, is one message`, () =>
    withHost({}, async ({ url }) => {
      using peer = await openUpgradedPeer(url);
      const text = '{"type":"ping"}';
      const frames = [...text].flatMap((character, index) => [
        encodeFrame({
          opcode: index === 0 ? opcodes.text : opcodes.continuation,
          payload: character,
          fin: index === text.length - 1,
        }),
        encodeFrame({ opcode: opcodes.ping, payload: `${index}` }),
      ]);
      for (const bytes of atOnce ? [Buffer.concat(frames)] : frames) peer.write(bytes);
      // What comes first depends on how many of these bytes the server reads at once.
      const missing = new Map<number, string>([
        [opcodes.pong, "0"],
        [opcodes.text, '{"type":"pong"}'],
      ]);
      await peer.frame(({ opcode, payload }) => {
        if (missing.get(opcode) === payload.toString()) missing.delete(opcode);
        return missing.size === 0;
      });
    }));

test("JSON that is nested a million levels deep is refused and affects no other socket", () =>
  withHost({}, async (fixture) => {
    const client = await fixture.join();
    client.sendRaw("[".repeat(1_000_000));
    const tooDeep = "Invalid message: it is nested deeper than 32 levels";
    assert.is((await client.next("error"))["message"], tooDeep);
    const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    client.sendRaw(`{"type":"invoke","surfaceId":"s","actionId":"a","payload":${deep}}`);
    assert.match(String((await client.next("error"))["message"]), /^Invalid message: `payload`/);
    const nested = `{"type":"chat.send","message":"x","images":${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}}`;
    client.sendRaw(nested);
    assert.is((await client.next("error"))["message"], tooDeep);
    await provesWell(fixture);
  }));

test("lone surrogates reach the orchestrator and the wire unchanged in texts; in ids they are refused (1.1)", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    const lone = "a\ud83d b \ude00";
    client.send({ type: "chat.send", conversationId: "c", message: lone });
    await client.barrier();
    assert.is(JSON.stringify(orchestrator.given("startTurn")), JSON.stringify([{ conversationId: "c", text: lone }]));
    // A surrogate pair that is split across two deltas is whole again in the joined text (1.5.1).
    orchestrator.say("c", "\ud83d", "\ude00", lone);
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, `😀${lone}`);
    client.send({ type: "chat.subscribe", conversationId: lone });
    assert.match(String((await client.next("error"))["message"]), "well-formed Unicode");
  }));

test("prototype keys in a message have no special effect", () =>
  withHost({}, async ({ orchestrator, join }) => {
    const client = await join();
    client.sendRaw('{"type":"chat.send","conversationId":"__proto__","message":"x","__proto__":{"model":"evil"}}');
    await client.barrier();
    assert.equal(orchestrator.given("startTurn"), [{ conversationId: "__proto__", text: "x" }]);
    orchestrator.say("__proto__", "fine");
    orchestrator.end("__proto__");
    await client.nextEvent("__proto__", "turn-sealed");
    for (const surfaceId of ["constructor", "__proto__", "toString"]) {
      client.send({ type: "subscribe", surfaceId });
      assert.is((await client.next("error"))["message"], `Unknown surface: ${surfaceId}`);
    }
  }));

test("each of five hundred bad messages gets its own error, and the socket stays open", () =>
  withHost({}, async (fixture) => {
    const client = await fixture.join();
    for (let times = 0; times < 500; times++) client.sendRaw("{");
    await client.barrier();
    assert.equal(
      client.unread("error").map((refused) => refused["message"]),
      Array(500).fill("Invalid JSON"),
    );
    await provesWell(fixture);
  }));

test("a client that sends ten thousand bad messages is told to wait, and closed with 4003 when it does not", () =>
  withHost({}, async (fixture) => {
    const flooding = await fixture.join();
    const other = await fixture.join();
    for (let times = 0; times < 10_000; times++) flooding.sendRaw("{");
    assert.equal(await flooding.untilClosed(), { code: 4003, reason: "too many requests" });
    const isTold = ({ message }: Message): boolean => /^Too many requests: wait \d+ ms$/.test(`${message}`);
    const told = flooding.unread("error").filter(isTold).length;
    assert.ok(told > limits.commandRefusalsMax && told < limits.commandRefusalsMax + 20, `${told}`);
    await other.barrier();
    await provesWell(fixture);
  }));

test("long messages count as several requests, and too many of them are refused", () =>
  withHost({}, async (fixture) => {
    const client = await fixture.join({ protocols: ["turnwire.v1"] });
    const message = "x".repeat(900_000);
    for (let count = 0; count < 8; count++)
      client.send({ type: "chat.send", conversationId: `c${count}`, message, id: `long-${count}` });
    // On a busy machine each message may wait for the whole cooldown after the one before.
    const deadlineMs = budgets.awaitMs + 8 * limits.longMessageCooldownMsMax;
    const { ok, error } = await client.next({ type: "reply", id: "long-7" }, deadlineMs);
    assert.is(ok, false);
    const told = String((error as Record<string, unknown>)["message"]);
    assert.match(told, /^Too many requests: wait \d+ ms \(a message of this length counts as 14\)$/);
    assert.is(
      fixture.orchestrator.given("startTurn").length,
      7,
      "a burst of 100 requests has room for seven messages of fourteen",
    );
  }));

for (const [what, opcode] of [
  ["pings", opcodes.ping],
  ["pongs that answer nothing", opcodes.pong],
] as const)
  test(`a client that sends thousands of ${what} is closed with 4003, and a few are harmless`, () =>
    withHost({}, async (fixture) => {
      using flooding = await openUpgradedPeer(fixture.url);
      const other = await fixture.join();
      const each = (count: number): void => {
        for (let times = 0; times < count; times++) flooding.send({ opcode, payload: Buffer.alloc(0) });
      };
      each(40);
      flooding.sendMessage({ type: "ping" });
      await flooding.frame(({ payload }) => payload.toString() === '{"type":"pong"}');
      for (let round = 0; round < 40; round++) {
        each(40);
        await other.barrier();
      }
      assert.is(closeOf(await flooding.closeFrame()).code, 4003);
      await provesWell(fixture);
    }));

test("commands above the rate limit are refused with the time to wait; pings and subscriptions are not limited", () =>
  withHost({}, async (fixture) => {
    const client = await fixture.join({ protocols: ["turnwire.v1"] });
    for (let count = 0; count < limits.commandsBurst; count++)
      client.send({ type: "chat.cancel", conversationId: "c", id: `cancel-${count}` });
    client.send({ type: "chat.send", conversationId: "c", message: "x", id: "too-fast" });
    const { ok, error } = await client.next({ type: "reply", id: "too-fast" });
    assert.is(ok, false);
    const { code, retryable, retryAfterMs } = error as Record<string, unknown>;
    assert.equal([code, retryable], ["rate-limited", true]);
    assert.ok(Number(retryAfterMs) > 0 && Number(retryAfterMs) <= 1_000 / limits.commandsPerSecond, `${retryAfterMs}`);
    assert.equal(fixture.orchestrator.given("startTurn"), []);
    for (let count = 0; count < limits.subscriptionsPerSocketMax; count++)
      client.send({ type: "chat.subscribe", conversationId: `c${count}`, id: `watch-${count}` });
    for (let count = 0; count < limits.subscriptionsPerSocketMax; count++)
      assert.is((await client.next({ type: "reply", id: `watch-${count}` }))["ok"], true);
    await client.barrier();
    await eventually(() => {
      client.send({ type: "chat.cancel", conversationId: "c", id: "later" });
      return client.received.some((message) => message["id"] === "later" && message["ok"] === true);
    }, "a command after the pause");
  }));

test("a close is answered with its own code, and messages before it are handled (RFC 6455 5.5.1)", () =>
  withHost({}, async ({ orchestrator, url }) => {
    for (const code of [1000, 1001, 3000, 4999]) {
      using peer = await openUpgradedPeer(url);
      peer.sendMessage({ type: "chat.send", conversationId: `c${code}`, message: "x" });
      peer.send({ opcode: opcodes.close, payload: closePayload(code, "bye") });
      peer.sendMessage({ type: "chat.send", conversationId: "after", message: "x" });
      assert.is(closeOf(await peer.closeFrame()).code, code);
      await peer.untilClosed();
    }
    assert.is(orchestrator.given("startTurn").length, 4);
  }));

test("a handshake that stalls is cut off after 10 s and delays no other client", () =>
  withHost({}, async (fixture) => {
    using mute = await openPeer(fixture.url);
    using halfway = await openPeer(fixture.url);
    halfway.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nsec-websocket-ke");
    const began = performance.now();
    await provesWell(fixture);
    assert.ok(performance.now() - began < 5_000);
    await Promise.all([mute.untilClosed(15_000), halfway.untilClosed(15_000)]);
    assert.ok(performance.now() - began > 9_000);
    await provesWell(fixture);
  }));

test.run();
