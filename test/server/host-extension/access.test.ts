// Which upgrades are accepted (protocol 2, access): token, ticket place, Host and Origin. Each refusal is plain HTTP
// before the upgrade, so that a refused peer costs no socket.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isRecord } from "../../support/client/transcript.ts";
import { connect, refusedUpgrade } from "../../support/client.ts";
import { withGateway, withHost } from "../../support/gateway.ts";
import { openPeer } from "../../support/http-peer.ts";

const test = suite("host: access");

const errorIn = (body: string): string => {
  const parsed: unknown = JSON.parse(body);
  return isRecord(parsed) ? String(parsed["error"]) : "";
};

test("with a token every upgrade needs it: no token, a wrong one or a wrong scheme gets 401 and the remedy", () =>
  withHost({ settings: { surfaceWsToken: "the-secret" } }, async ({ url, host }) => {
    const wrong: Record<string, string>[] = [
      {},
      { authorization: "Bearer wrong" },
      { authorization: "Bearer the-secret-and-more" },
      { authorization: "Bearer " },
      { authorization: "Basic the-secret" },
      { authorization: "the-secret" },
    ];
    for (const headers of wrong) {
      const refusal = await refusedUpgrade(url, { headers });
      assert.is(refusal.status, 401, JSON.stringify(headers));
      assert.is(refusal.headers["www-authenticate"], "Bearer");
      assert.is(refusal.headers["content-type"], "application/json");
      assert.match(errorIn(refusal.body), "send it as Authorization: Bearer <token>");
      assert.not.match(refusal.body, "the-secret");
    }
    assert.equal(host.said("transport-ws: connection open"), []);
    const logged = JSON.stringify(host.lines);
    assert.not.match(logged, "the-secret");
    using client = await connect(url, { headers: { authorization: "Bearer the-secret" } });
    await client.next("catalog");
  }));

test("a ticket that was never issued is refused", () =>
  withHost({ settings: { surfaceWsToken: "the-secret" } }, async ({ url }) => {
    const refusal = await refusedUpgrade(url, { protocols: ["turnwire.base", "turnwire.ticket.guessed"] });
    assert.is(refusal.status, 401);
    assert.match(errorIn(refusal.body), "POST /ticket");
  }));

const origins: [origin: string | undefined, allowed: boolean][] = [
  [undefined, true],
  ["http://localhost:5173", true],
  ["http://127.0.0.1", true],
  ["https://[::1]:8443", true],
  ["http://app.localhost:3000", false],
  ["http://127.0.0.2:3000", false],
  ["https://friend.example", true],
  ["https://FRIEND.example:443", true],
  ["http://friend.example", false],
  ["https://friend.example:8443", false],
  ["https://evil.example", false],
  ["https://friend.example.evil.example", false],
  ["http://localhost.evil.example", false],
  ["null", false],
  ["", false],
  ["file://", false],
  ["chrome-extension://abcdef", false],
];

test("an upgrade from a foreign web page gets 403; no origin, loopback and allowed origins are accepted", () =>
  withHost({ settings: { surfaceWsAllowedOrigins: ["https://friend.example"] } }, async ({ url }) => {
    for (const [origin, allowed] of origins) {
      using peer = await openPeer(url);
      const response = await peer.upgrade({ headers: { origin } });
      assert.is(response.status, allowed ? 101 : 403, `Origin: ${origin}`);
      if (!allowed) assert.match(errorIn(response.body), "Origin");
    }
  }));

const hosts: [host: string | undefined, allowed: boolean][] = [
  ["localhost:24205", true],
  ["127.0.0.1", true],
  ["[::1]:1", true],
  ["192.168.1.7:24205", true],
  ["friend.example", true],
  ["evil.example", false],
  ["localhost.evil.example:24205", false],
  ["", false],
];

test("an upgrade to a foreign host name gets 403 (DNS rebinding)", () =>
  withHost({ settings: { surfaceWsAllowedOrigins: ["https://friend.example"] } }, async ({ url }) => {
    for (const [host, allowed] of hosts) {
      using peer = await openPeer(url);
      const response = await peer.upgrade({ headers: { host } });
      assert.is(response.status, allowed ? 101 : 403, `Host: ${host}`);
      if (!allowed) assert.match(errorIn(response.body), "Host");
    }
  }));

test("a request without any Host, or with two, is refused", () =>
  withHost({}, async ({ url }) => {
    const upgrade = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
    const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (const head of ["", "host: localhost\r\nhost: evil.example\r\n"]) {
      using peer = await openPeer(url);
      peer.write(`GET / HTTP/1.1\r\n${head}${upgrade}${key}\r\n`);
      const { status } = await peer.response();
      assert.ok(status === 400 || status === 403, `${status}`);
      await peer.untilClosed();
    }
  }));

test("Host and Origin are checked before the token", () =>
  withHost({ settings: { surfaceWsToken: "the-secret" } }, async ({ url }) => {
    const headers = { origin: "https://evil.example", authorization: "Bearer the-secret" };
    assert.is((await refusedUpgrade(url, { headers })).status, 403);
  }));

test("an upgrade while draining or full gets 503 with Retry-After", () =>
  withGateway({}, async (bare) => {
    for (const why of ["draining", "full"] as const) {
      bare.closedBecause = why;
      const refusal = await refusedUpgrade(bare.url);
      assert.is(refusal.status, 503);
      assert.match(String(refusal.headers["retry-after"]), /^\d+$/);
      assert.match(errorIn(refusal.body), why);
    }
    bare.closedBecause = undefined;
    const client = await bare.join();
    await client.barrier();
  }));

test("a thousand refusals leave no socket and no handle behind", () =>
  withHost({ settings: { surfaceWsToken: "the-secret" } }, async ({ url, host }) => {
    const before = process.getActiveResourcesInfo().length;
    for (let batch = 0; batch < 20; batch++)
      await Promise.all(Array.from({ length: 50 }, () => refusedUpgrade(url, {})));
    assert.equal(host.said("transport-ws: connection open"), []);
    assert.ok(process.getActiveResourcesInfo().length < before + 20);
  }));

test.run();
