// The HTTP port under the fair reader, on real connections: pipelined requests, large bodies, and an upgrade with
// further bytes behind it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningServer, serveConfig, startServer } from "../../src/turnwire.ts";
import { encodeFrame, opcodes } from "../support/client/frames.ts";
import { eventually, within } from "../support/deadline.ts";
import { openPeer } from "../support/http-peer.ts";

const test = suite("transport: http connections");

async function withServer(use: (server: RunningServer) => Promise<void>): Promise<void> {
  const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
  const server = await startServer({ config });
  try {
    await use(server);
  } finally {
    await within(server.stop(), "the server's end");
  }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test("all pipelined requests are answered in order", () =>
  withServer(async ({ httpUrl }) => {
    const peer = await openPeer(httpUrl);
    const paths = Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? "/healthz" : `/no-${index}`));
    peer.write(paths.map(get).join(""));
    for (const path of paths) {
      const { status } = await peer.response();
      assert.is(status, path === "/healthz" ? 200 : 404, path);
    }
    peer.kill();
  }));

test("a body of several megabytes is read whole, and the connection can be used for the next request", () =>
  withServer(async ({ httpUrl }) => {
    const peer = await openPeer(httpUrl);
    const headers = { "content-type": "application/json" };
    const image = `data:image/png;base64,${"A".repeat(6 * 2 ** 20)}`;
    const chat = { conversationId: "large", message: '{"tokens": 1}', model: "demo/script", images: [{ url: image }] };
    const { status, body } = await peer.request("POST /chat", headers, JSON.stringify(chat));
    assert.is(status, 200);
    assert.match(body, '"turn-sealed"');
    assert.is((await peer.request("GET /healthz")).status, 200);
    peer.kill();
  }));

test("a client that disconnects in mid-answer is noticed, even under the fair reader", () =>
  withServer(async ({ httpUrl }) => {
    const peer = await openPeer(httpUrl);
    const body = JSON.stringify({
      conversationId: "left",
      message: '{"tokens": 100000, "delayMs": 20}',
      model: "demo/script",
    });
    const headers = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    peer.write(`POST /chat HTTP/1.1\r\n${headers}\r\n\r\n${body}`);
    await eventually(() => peer.bytesReceived > 1_000, "the answer to begin");
    const other = await openPeer(httpUrl);
    peer.kill();
    await eventually(async () => {
      const { body: why } = await other.request("GET /conversations/left/why");
      return (JSON.parse(why) as { readers?: number }).readers === 0;
    }, "nobody to read the answer");
    const { status } = await other.request("POST /conversations/left/close", headersOf(""), "");
    assert.is(status, 200);
    other.kill();
  }));

const headersOf = (body: string): Record<string, string> => ({ "content-length": String(body.length) });

test("frames that are sent together with the upgrade reach the WebSocket, even if they are not read all at once", () =>
  withServer(async ({ httpUrl }) => {
    const peer = await openPeer(httpUrl);
    const pings = Array.from({ length: 40 }, () =>
      encodeFrame({ opcode: opcodes.text, payload: JSON.stringify({ type: "ping" }) }),
    );
    const upgrade =
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";
    peer.write(Buffer.concat([Buffer.from(upgrade), ...pings]));
    assert.is((await peer.response()).status, 101);
    for (let pongs = 0; pongs < pings.length; ) {
      const { payload } = await peer.frame(({ opcode }) => opcode === opcodes.text);
      if (payload.toString() === '{"type":"pong"}') pongs++;
    }
    peer.kill();
  }));

test.run();
