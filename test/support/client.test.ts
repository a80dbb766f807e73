// Tests the test client against a bare ws server that the test controls. A client that overlooks a gap or a silence
// would make every other test worthless.
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import { transcriptOf } from "./client/transcript.ts";
import { type Client, connect, type Message, refusedUpgrade } from "./client.ts";
import { within } from "./deadline.ts";
import { rejection } from "./rejection.ts";

const test = suite("test client");

/** Runs with one connected pair; `server` is the server's end of the socket. */
async function withPair(
  run: (pair: { client: Client; server: WebSocket; url: string }) => Promise<void>,
): Promise<void> {
  const listener = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await within(once(listener, "listening"), "the server to listen");
  const { port } = listener.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}`;
  const accepted = once(listener, "connection") as Promise<[WebSocket]>;
  const client = await connect(url);
  const [server] = await within(accepted, "the server's end");
  server.on("message", (data) => {
    if (String(data) === '{"type":"ping"}') server.send('{"type":"pong"}');
  });
  try {
    await run({ client, server, url });
  } finally {
    client.kill();
    for (const socket of listener.clients) socket.terminate();
    await within(new Promise((resolve) => listener.close(resolve)), "the server to close");
  }
}

const delta = (seq: number, more: Record<string, unknown> = {}, event: Record<string, unknown> = {}): Message => ({
  type: "chat.delta",
  event: { type: "text-delta", conversationId: "a", turnId: "t1", delta: `${seq} `, ...event },
  epoch: "e1",
  seq,
  ...more,
});

test("next() takes the oldest matching message and leaves the others", async () => {
  await withPair(async ({ client, server }) => {
    for (const n of [1, 2, 3]) server.send(JSON.stringify({ type: n === 2 ? "even" : "odd", n }));
    assert.equal(await client.next("even"), { type: "even", n: 2 });
    assert.equal(await client.next({ type: "odd", n: 3 }), { type: "odd", n: 3 });
    assert.equal(await client.nextAny(), { type: "odd", n: 1 });
    assert.equal(client.received.length, 3);
    assert.equal(client.unread(), []);
  });
});

test("next() waits for a message that has not arrived yet", async () => {
  await withPair(async ({ client, server }) => {
    const later = client.next((message) => message["n"] === 7);
    server.send('{"type":"x","n":6}');
    server.send('{"type":"x","n":7}');
    assert.equal(await later, { type: "x", n: 7 });
    assert.equal(client.unread("x"), [{ type: "x", n: 6 }]);
  });
});

test("the error of a wait that times out shows the messages received", async () => {
  await withPair(async ({ client, server }) => {
    server.send('{"type":"other"}');
    const error = await rejection(client.next("wanted", 50));
    assert.match(error.message, 'timed out after 50 ms waiting for a message "wanted"');
    assert.match(error.message, '{"type":"other"}');
  });
});

test("a closed socket ends every wait with an error that has the close code and reason", async () => {
  await withPair(async ({ client, server }) => {
    const waiting = rejection(client.next("never"));
    server.close(4001, "slow");
    assert.match((await waiting).message, 'closed with 4001 "slow"');
    assert.equal(await client.untilClosed(), { code: 4001, reason: "slow" });
    assert.match((await rejection(client.next("never"))).message, "never came");
    assert.throws(() => client.send({ type: "ping" }), "the socket is closed");
  });
});

test("barrier() resolves after everything that the server sent before it", async () => {
  await withPair(async ({ client, server }) => {
    for (let n = 0; n < 100; n += 1) server.send(`{"type":"x","n":${n}}`);
    const received = await client.barrier();
    assert.is(received.filter((message) => message.type === "x").length, 100);
  });
});

test("text is sent as a text frame, bytes as a binary frame", async () => {
  await withPair(async ({ client, server }) => {
    const kinds: boolean[] = [];
    server.on("message", (_data, isBinary) => kinds.push(isBinary));
    client.sendRaw("not json");
    client.sendRaw(new Uint8Array([0xff, 0xfe]));
    await client.barrier();
    assert.equal(kinds, [false, true, false]);
  });
});

test("kill() ends the socket at both ends without a closing handshake", async () => {
  await withPair(async ({ client, server }) => {
    const seen = once(server, "close") as Promise<[number]>;
    client.kill();
    assert.is((await client.untilClosed()).code, 1006);
    assert.is((await within(seen, "the server's end to close"))[0], 1006);
  });
});

test("a paused client reads nothing until it resumes", async () => {
  await withPair(async ({ client, server }) => {
    client.pause();
    server.send('{"type":"x"}');
    await rejection(client.next("x", 100));
    client.resume();
    await client.next("x");
  });
});

test("close() does the closing handshake with the given code and reason", async () => {
  await withPair(async ({ client, server }) => {
    const seen = once(server, "close") as Promise<[number, Buffer]>;
    assert.equal(await client.close(1001, "going away"), { code: 1001, reason: "going away" });
    assert.equal((await within(seen, "the server's end to close"))[0], 1001);
  });
});

test("a refused upgrade shows its status, headers and body", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(426, { "x-why": "because" }).end("expected websocket");
  }).listen(0, "127.0.0.1");
  await within(once(server, "listening"), "the server to listen");
  const { port } = server.address() as AddressInfo;
  try {
    const refused = await refusedUpgrade(`ws://127.0.0.1:${port}`);
    assert.is(refused.status, 426);
    assert.is(refused.headers["x-why"], "because");
    assert.is(refused.body, "expected websocket");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("refusedUpgrade() rejects when the upgrade succeeds", async () => {
  await withPair(async ({ url }) => {
    assert.match((await rejection(refusedUpgrade(url))).message, "accepted the upgrade");
  });
});

test("connect() times out when a server accepts TCP and never answers", async () => {
  const server = createTcpServer(() => {}).listen(0, "127.0.0.1");
  await within(once(server, "listening"), "the server to listen");
  const { port } = server.address() as AddressInfo;
  const error = await rejection(connect(`ws://127.0.0.1:${port}`, { deadlineMs: 50 }));
  assert.match(error.message, "timed out after 50 ms waiting for the upgrade");
  server.close();
});

test("a transcript joins the deltas of its conversation, turn by turn", () => {
  const messages = [
    { type: "catalog", catalog: [] },
    delta(4),
    delta(5, { event: { type: "text-delta", conversationId: "b", turnId: "t9", delta: "not ours" } }),
    delta(7, { fromSeq: 5 }),
    delta(8, {}, { type: "reasoning-delta", delta: "hm" }),
    delta(9, {}, { type: "done", reason: "stop" }),
    delta(10, {}, { type: "turn-sealed" }),
    delta(11, {}, { turnId: "t2" }),
  ];
  const transcript = transcriptOf(messages, "a");
  assert.is(transcript.text, "4 7 11 ");
  assert.is(transcript.firstSeq, 4);
  assert.equal(transcript.cursor, { epoch: "e1", seq: 11 });
  const [first, second] = transcript.turns;
  assert.is(first?.text, "4 7 ");
  assert.is(first?.reasoning, "hm");
  assert.is(first?.reason, "stop");
  assert.is(first?.sealed, true);
  assert.is(second?.sealed, false);
});

const broken: [string, Message[], string][] = [
  ["a hole", [delta(1), delta(3)], "after seq 1 came 3, not 2"],
  ["an event that came twice", [delta(1), delta(1)], "after seq 1 came 1, not 2"],
  ["an overlap of a joined delta", [delta(2), delta(4, { fromSeq: 2 })], "after seq 2 came 2, not 3"],
  ["a fromSeq beyond its seq", [delta(2, { fromSeq: 3 })], "with the fromSeq 3"],
  ["a delta without an epoch", [delta(1, { epoch: undefined })], "without an epoch"],
  ["a delta without a seq", [delta(1, { seq: "1" })], "without a seq"],
  ["a delta without an event", [{ type: "chat.delta", epoch: "e", seq: 1 }], "without a turn event"],
];
for (const [what, messages, says] of broken) {
  test(`a transcript refuses ${what}`, () => {
    assert.throws(() => transcriptOf(messages, "a"), says);
  });
}

test("a new epoch may begin with any seq", () => {
  assert.is(transcriptOf([delta(8), delta(2, { epoch: "e2" })], "a").text, "8 2 ");
});

test.run();
