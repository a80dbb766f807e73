// Tests the hand-written peer against the real ws and the real HTTP server: its bytes must reach them unchanged.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import { decodeFrame, encodeFrame } from "./client/frames.ts";
import { within } from "./deadline.ts";
import { closeOf, closePayload, type Frame, opcodes, openPeer, openUpgradedPeer } from "./http-peer.ts";
import { rejection } from "./rejection.ts";

const test = suite("http peer");

interface Fixture {
  url: string;
  sockets: WebSocketServer;
  messages: string[];
}

async function withServer(run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const server: Server = createServer((request, response) => {
    if (request.url === "/chunked") {
      response.write("one ");
      response.end("two");
    } else if (request.url === "/until-end") {
      response.removeHeader("transfer-encoding");
      response.useChunkedEncodingByDefault = false;
      response.end("all of it");
    } else {
      response.setHeader("content-length", 4);
      response.end(request.method === "HEAD" ? undefined : "body");
    }
  }).listen(0, "127.0.0.1");
  await within(once(server, "listening"), "the server to listen");
  const sockets = new WebSocketServer({ server });
  const messages: string[] = [];
  sockets.on("connection", (socket: WebSocket) => {
    socket.on("message", (data) => {
      messages.push(String(data));
      socket.send(`got ${String(data)}`);
    });
    socket.on("error", () => {});
  });
  try {
    await run({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, messages });
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.closeAllConnections();
    await within(new Promise((resolve) => server.close(resolve)), "the server to close");
  }
}

const textOf = (frame: Frame): string => frame.payload.toString();

test("an upgrade by hand succeeds and frames go both ways", async () => {
  await withServer(async ({ url }) => {
    using peer = await openUpgradedPeer(url);
    peer.sendMessage({ type: "ping" });
    assert.is(textOf(await peer.frame()), 'got {"type":"ping"}');
  });
});

test("a message in fragments with a ping between them arrives as one message", async () => {
  await withServer(async ({ url }) => {
    using peer = await openUpgradedPeer(url);
    peer.send({ opcode: opcodes.text, payload: "one ", fin: false });
    peer.send({ opcode: opcodes.ping, payload: "are you there" });
    peer.send({ opcode: opcodes.continuation, payload: "two" });
    assert.is(textOf(await peer.frame((frame) => frame.opcode === opcodes.pong)), "are you there");
    assert.is(textOf(await peer.frame()), "got one two");
  });
});

const violations: [string, Parameters<typeof encodeFrame>[0], number][] = [
  ["an unmasked frame", { opcode: opcodes.text, payload: "x", masked: false }, 1002],
  ["a reserved bit", { opcode: opcodes.text, payload: "x", reserved: 1 }, 1002],
  ["an unknown opcode", { opcode: 0x5, payload: "x" }, 1002],
  ["a text that is no UTF-8", { opcode: opcodes.text, payload: Buffer.from([0xc3, 0x28]) }, 1007],
  ["a claimed length over all bounds", { opcode: opcodes.binary, claimedLength: 2 ** 40 }, 1009],
];
for (const [what, frame, code] of violations) {
  test(`${what} reaches the server unchanged`, async () => {
    await withServer(async ({ url }) => {
      using peer = await openUpgradedPeer(url);
      peer.send(frame);
      assert.is(closeOf(await peer.closeFrame()).code, code);
      peer.end();
      await peer.untilClosed();
    });
  });
}

test("a close frame carries code and reason both ways", async () => {
  await withServer(async ({ url }) => {
    using peer = await openUpgradedPeer(url);
    peer.send({ opcode: opcodes.close, payload: closePayload(4123, "so be it") });
    assert.equal(closeOf(await peer.closeFrame()), { code: 4123, reason: "so be it" });
    assert.equal(closeOf({ ...(decodeFrame(encodeFrame({ opcode: 8 }))?.frame as Frame) }), { code: 1005, reason: "" });
  });
});

test("a frame survives encoding and decoding in every length form, and an incomplete frame is not decoded", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 70_000]) {
    for (const masked of [true, false]) {
      const payload = Buffer.alloc(length, "ab");
      const bytes = encodeFrame({ opcode: opcodes.binary, payload, masked });
      for (let cut = 0; cut < Math.min(bytes.length, 20); cut += 1) {
        assert.is(decodeFrame(bytes.subarray(0, cut)), undefined);
      }
      assert.is(decodeFrame(bytes.subarray(0, -1)), undefined);
      const decoded = decodeFrame(Buffer.concat([bytes, Buffer.from("more")]));
      assert.is(decoded?.frame.payload.equals(payload), true);
      assert.is(decoded?.rest.toString(), "more");
    }
  }
});

test("responses that end by length, by chunks or with the connection are read whole", async () => {
  await withServer(async ({ url }) => {
    using peer = await openPeer(url);
    const first = await peer.request("GET /");
    assert.equal([first.status, first.body], [200, "body"]);
    assert.is((await peer.request("GET /chunked")).body, "one two");
    assert.is((await peer.request("GET /", { connection: "close" })).headers["connection"], "close");
    using last = await openPeer(url);
    last.write("GET /until-end HTTP/1.0\r\n\r\n");
    assert.is((await last.response()).body, "all of it");
  });
});

test("a refused upgrade is read as an ordinary response", async () => {
  await withServer(async ({ url }) => {
    using peer = await openPeer(url);
    assert.is((await peer.upgrade({ headers: { "sec-websocket-version": "12" } })).status, 400);
    const error = await rejection(openUpgradedPeer(url, { headers: { "sec-websocket-key": undefined } }));
    assert.match(error.message, "answered the upgrade with 400");
  });
});

test("a stalled handshake gets no response, and the timeout error shows the unread bytes", async () => {
  await withServer(async ({ url }) => {
    using peer = await openPeer(url);
    peer.write("GET / HTT");
    assert.match((await rejection(peer.response(100))).message, 'an HTTP response; unread: ""');
  });
});

test("a paused peer counts no bytes until it resumes", async () => {
  await withServer(async ({ url, sockets }) => {
    using peer = await openUpgradedPeer(url);
    peer.pause();
    const [socket] = sockets.clients;
    const before = peer.bytesReceived;
    await within(new Promise<void>((resolve) => socket?.send("x", () => resolve())), "the send");
    await rejection(peer.frame(() => true, 50));
    assert.is(peer.bytesReceived, before);
    peer.resume();
    assert.is(textOf(await peer.frame()), "x");
  });
});

test("a wait for a frame fails when the connection ends", async () => {
  await withServer(async ({ url, sockets }) => {
    using peer = await openUpgradedPeer(url);
    const waiting = rejection(peer.frame());
    for (const socket of sockets.clients) socket.terminate();
    assert.match((await waiting).message, "the connection ended before a frame");
  });
});

test("kill() ends the connection at once", async () => {
  await withServer(async ({ url, sockets }) => {
    const peer = await openUpgradedPeer(url);
    const [socket] = sockets.clients;
    const seen = once(socket ?? sockets, "close") as Promise<[number]>;
    peer.kill();
    assert.is((await within(seen, "the server's end to close"))[0], 1006);
    await peer.untilClosed();
  });
});

test.run();
