// Upgrades as proxies and old clients really send them, byte by byte, on both ports: HTTP/1.0, no Host, and an Upgrade
// header that offers several protocols.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serveConfig, startServer } from "../../src/turnwire.ts";
import { opcodes } from "../support/client/frames.ts";
import { within } from "../support/deadline.ts";
import { openPeer, type Peer } from "../support/http-peer.ts";

const test = suite("transport: upgrade requests");

const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const host = "Host: 127.0.0.1\r\n";

interface Sent {
  version?: string;
  host?: string;
  upgrade?: string;
}

/** Sends one upgrade to each port, as bytes. */
async function onBothPorts(sent: Sent, judge: (peer: Peer, port: string) => Promise<void>): Promise<void> {
  const { version = "1.1", upgrade = "Upgrade: websocket\r\n" } = sent;
  const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
  const server = await startServer({ config });
  try {
    for (const url of [server.wsUrl, server.httpUrl]) {
      using peer = await openPeer(url);
      peer.write(`GET / HTTP/${version}\r\n${sent.host ?? host}Connection: Upgrade\r\n${upgrade}${key}`);
      await judge(peer, url);
    }
  } finally {
    await within(server.stop(), "the server's end");
  }
}

async function isRefused(peer: Peer, reason: RegExp): Promise<void> {
  const { status, body } = await peer.response();
  assert.is(status, 400);
  assert.match(JSON.parse(body).error, reason);
  await peer.untilClosed();
}

test("an upgrade over HTTP/1.0 is refused with 400 and the remedy (RFC 9110 7.8)", () =>
  onBothPorts({ version: "1.0" }, (peer) => isRefused(peer, /HTTP\/1\.0 has no upgrade: use HTTP\/1\.1/)));

test("an upgrade without Host is refused with 400 (RFC 9112 3.2)", () =>
  onBothPorts({ host: "" }, (peer) => isRefused(peer, /Host is missing/)));

const offers = [
  "Upgrade: websocket, h2c\r\n",
  "Upgrade: h2c,WebSocket\r\n",
  "Upgrade: h2c\r\nUpgrade: websocket\r\n",
  "Upgrade:  websocket \r\n",
];
for (const upgrade of offers)
  test(`an offer of several protocols with WebSocket among them is upgraded: ${JSON.stringify(upgrade)}`, () =>
    onBothPorts({ upgrade }, async (peer, port) => {
      const { status, headers } = await peer.response();
      assert.equal([status, headers["upgrade"]], [101, "websocket"], port);
      peer.sendMessage({ type: "ping" });
      await peer.frame(({ opcode, payload }) => opcode === opcodes.text && payload.toString() === '{"type":"pong"}');
    }));

test.run();
