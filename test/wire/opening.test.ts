// Opening a socket: the first message, the chosen subprotocol, and the answer to plain HTTP.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { budgets } from "../budgets.ts";
import { type Client, connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { withHost } from "../support/gateway.ts";
import { openPeer } from "../support/http-peer.ts";
import { ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("wire: opening");

test("the catalog is the first message on every socket (1.2)", () =>
  withHost({ surfaces: [new ScriptedSurface("one"), new ScriptedSurface("two")] }, async ({ url }) => {
    using first = await connect(url);
    using second = await connect(url);
    for (const client of [first, second]) {
      assert.equal(await client.nextAny(), {
        type: "catalog",
        catalog: [
          { id: "one", region: "side", title: "The one" },
          { id: "two", region: "side", title: "The two" },
        ],
      });
      await client.barrier();
      assert.is(client.received.filter((message) => message.type === "catalog").length, 1);
    }
  }));

test("a connection whose upgrade was refused is cut off, even if its peer keeps sending", () =>
  withHost({}, async ({ url }) => {
    using peer = await openPeer(url, budgets.awaitMs, { allowHalfOpen: true });
    const { status } = await peer.upgrade({ headers: { origin: "https://elsewhere.example" } });
    assert.is(status, 403);
    const isCut = (): boolean => {
      if (!peer.socket.destroyed) peer.socket.write("x");
      return peer.socket.destroyed;
    };
    await eventually(isCut, "the cut", limits.closingMs + budgets.awaitMs);
  }));

test("an empty catalog is sent too (1.2)", () =>
  withHost({}, async ({ url }) => {
    using client = await connect(url);
    assert.equal(await client.nextAny(), { type: "catalog", catalog: [] });
  }));

test("a socket is accepted on any path (1)", () =>
  withHost({}, async ({ url }) => {
    for (const path of ["/", "/ws", "/any/where?with=query"]) {
      using client = await connect(url + path);
      await client.next("catalog");
    }
  }));

test("a plain HTTP request gets 426 and `expected websocket`, whatever its method and path (1)", () =>
  withHost({}, async ({ url }) => {
    for (const line of ["GET /", "GET /any/path?x=1", "POST /chat", "DELETE /", "OPTIONS *"]) {
      using peer = await openPeer(url);
      const response = await peer.request(line, {}, line.startsWith("POST") ? '{"message":"x"}' : "");
      assert.is(response.status, 426, line);
      assert.is(response.body, "expected websocket", line);
      assert.is(response.headers["upgrade"], "websocket", line);
    }
  }));

test("an upgrade to a protocol other than WebSocket counts as plain HTTP and gets 426 (1)", () =>
  withHost({}, async ({ url }) => {
    for (const protocol of ["h2c", "TLS/1.0", "websocket/13"]) {
      using peer = await openPeer(url);
      const { status, body } = await peer.request("GET /", { connection: "Upgrade", upgrade: protocol });
      assert.equal([status, body], [426, "expected websocket"], protocol);
    }
  }));

test("a broken handshake is answered in plain HTTP and does no harm", () =>
  withHost({}, async ({ url, join }) => {
    const broken: Record<string, string | undefined>[] = [
      { "sec-websocket-key": "short" },
      { "sec-websocket-key": undefined },
      { "sec-websocket-version": "7" },
      { "sec-websocket-protocol": "a,,b" },
    ];
    for (const headers of broken) {
      using peer = await openPeer(url);
      const { status } = await peer.upgrade({ headers });
      assert.ok(status >= 400 && status < 500, `${JSON.stringify(headers)} got ${status}`);
      await peer.untilClosed();
    }
    const garbage = await openPeer(url);
    garbage.write("\0\0\0 this is no HTTP\r\n\r\n");
    assert.is((await garbage.response()).status, 400);
    await garbage.untilClosed();
    const client = await join();
    await client.barrier();
  }));

const chosen: [offered: string[], selected: string | undefined][] = [
  [[], undefined],
  [["turnwire.base"], "turnwire.base"],
  [["other", "turnwire.base"], "turnwire.base"],
  [["turnwire.base", "turnwire.v1"], "turnwire.v1"],
  [["other", "turnwire.ticket.abc", "turnwire.v1"], "turnwire.v1"],
  [["other", "another"], "other"],
  [["turnwire.ticket.abc", "other"], "other"],
  [["turnwire.ticket.abc"], undefined],
  [["turnwire.v1"], "turnwire.v1"],
];

for (const [offered, selected] of chosen) {
  test(`an offer of [${offered.join(", ")}] selects the subprotocol ${selected ?? "none"} (2)`, () =>
    withHost({}, async ({ url }) => {
      using peer = await openPeer(url);
      const response = await peer.upgrade({ protocols: offered });
      assert.is(response.status, 101);
      assert.is(response.headers["sec-websocket-protocol"], selected);
      assert.is(response.headers["sec-websocket-extensions"], undefined);
    }));
}

test("compression is never negotiated, even if it is offered", () =>
  withHost({}, async ({ url }) => {
    using peer = await openPeer(url);
    const response = await peer.upgrade({ headers: { "sec-websocket-extensions": "permessage-deflate" } });
    assert.is(response.status, 101);
    assert.is(response.headers["sec-websocket-extensions"], undefined);
  }));

test("ping is answered with pong on every socket (2)", () =>
  withHost({}, async ({ join }) => {
    const clients: Client[] = [await join(), await join({ protocols: ["turnwire.base"] })];
    for (const client of clients) {
      client.send({ type: "ping" });
      assert.equal(await client.next("pong"), { type: "pong" });
    }
  }));

test("messages that arrive together with the handshake are handled", () =>
  withHost({}, async ({ url }) => {
    using peer = await openPeer(url);
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const head = [
      "GET / HTTP/1.1",
      `host: ${new URL(url).host}`,
      "connection: Upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      `sec-websocket-key: ${key}`,
    ].join("\r\n");
    // A masked text frame with the mask 0: {"type":"ping"}.
    const text = Buffer.from('{"type":"ping"}');
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
    peer.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), frame]));
    assert.is((await peer.response()).status, 101);
    const pong = await peer.frame(({ payload }) => payload.toString() === '{"type":"pong"}');
    assert.is(pong.masked, false);
  }));

test.run();
