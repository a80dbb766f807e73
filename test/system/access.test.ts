// Access control of the real command, the same on both ports (protocol 2): token and tickets, foreign web pages, host
// names that point here by DNS rebinding, and a phone on the same network.
import { networkInterfaces } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, refusedUpgrade } from "../support/client.ts";
import { openPeer } from "../support/http-peer.ts";
import { ServerProcess } from "../support/server-process.ts";
import { ask, read, ticketSchema } from "../support/system-http.ts";
import { untilSealed } from "../support/system-turns.ts";

const test = suite("access on both ports");

const token = "a-token-that-nobody-guesses";
const bearer = { authorization: `Bearer ${token}` };
const foreign = "https://evil.example";

let server: ServerProcess;
/** The URLs that accept a WebSocket. */
let doors: string[];

test.before(async () => {
  const flags = ["--allow-origin", "https://chat.example", "--log-level", "debug"];
  server = await ServerProcess.start({ environment: { TURNWIRE_TOKEN: token }, flags });
  doors = [server.wsUrl, server.httpUrl.replace("http:", "ws:")];
});
test.after(async () => {
  await server.stop();
});

const buyTicket = async (): Promise<string> =>
  `turnwire.ticket.${(await read(server, "/ticket", ticketSchema, { method: "POST", headers: bearer })).ticket}`;

test("without the token, or with a wrong one, everything except the page and the probes gives 401", async () => {
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: `Basic ${token}` }]) {
    for (const [method, path] of [
      ["GET", "/models"],
      ["GET", "/conversations"],
      ["POST", "/chat"],
      ["POST", "/ticket"],
      ["GET", "/metrics"],
    ] as const) {
      const { status, headers: answered } = await ask(server, path, { method, headers });
      assert.is(status, 401, `${method} ${path}`);
      assert.is(answered.get("www-authenticate"), "Bearer");
    }
    for (const door of doors) assert.is((await refusedUpgrade(door, { headers })).status, 401);
  }
  for (const path of ["/", "/main.js", "/healthz", "/readyz"]) assert.is((await ask(server, path)).status, 200, path);
});

test("with the token, both ports accept requests and sockets", async () => {
  assert.is((await ask(server, "/models", { headers: bearer })).status, 200);
  for (const door of doors) {
    using client = await connect(door, { headers: bearer });
    client.send({ type: "chat.send", conversationId: "authorised", message: "hello" });
    assert.is((await untilSealed(client, "authorised")).text, "hello");
  }
});

test("a ticket opens one WebSocket on either port, once, and is never selected as the subprotocol", async () => {
  for (const door of doors) {
    const ticket = await buyTicket();
    using client = await connect(door, { protocols: ["turnwire.base", ticket] });
    assert.is(client.protocol, "turnwire.base");
    await client.barrier();
    for (const again of doors)
      assert.is((await refusedUpgrade(again, { protocols: ["turnwire.base", ticket] })).status, 401);
  }
  const invented = { protocols: ["turnwire.base", "turnwire.ticket.invented"] };
  for (const door of doors) assert.is((await refusedUpgrade(door, invented)).status, 401);
});

test("a foreign web page is refused on both ports, even with a token, and its ticket stays unused", async () => {
  const ticket = await buyTicket();
  for (const origin of [foreign, "null", "http://localhost:5173", "http://x.localhost", "https://chat.example:444"]) {
    const headers = { ...bearer, origin };
    for (const door of doors)
      assert.is((await refusedUpgrade(door, { headers, protocols: [ticket] })).status, 403, origin);
    const answer = await ask(server, "/models", { headers });
    assert.is(answer.status, 403, origin);
    assert.is(answer.headers.get("access-control-allow-origin"), null);
  }
  const [door = ""] = doors;
  using client = await connect(door, {
    protocols: ["turnwire.base", ticket],
    headers: { origin: "https://chat.example" },
  });
  await client.barrier();
});

test("the server's own page and those of --allow-origin are accepted", async () => {
  for (const origin of [server.httpUrl, "https://chat.example"]) {
    for (const door of doors) {
      using client = await connect(door, { headers: { ...bearer, origin } });
      await client.barrier();
    }
    const answer = await ask(server, "/models", { headers: { ...bearer, origin } });
    assert.equal([answer.status, answer.headers.get("access-control-allow-origin")], [200, origin]);
  }
});

test("a foreign host name that points here (DNS rebinding) is refused on both ports", async () => {
  for (const door of doors) {
    const { port } = new URL(door);
    for (const host of [`evil.example:${port}`, `127.0.0.1.evil.example:${port}`, ""]) {
      using peer = await openPeer(door);
      assert.is((await peer.upgrade({ headers: { ...bearer, host } })).status, 403, host);
    }
    using named = await openPeer(door);
    assert.is((await named.upgrade({ headers: { ...bearer, host: `localhost:${port}` } })).status, 101);
  }
  using peer = await openPeer(server.httpUrl);
  assert.is((await peer.request("GET /", { host: "evil.example" })).status, 403, "the page is refused too");
});

const lanAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
if (lanAddress === undefined) process.stdout.write("skipped: this machine has no address beyond loopback\n");

(lanAddress === undefined ? test.skip : test)(
  "a phone on the same network opens the page and uses the token, which a foreign page cannot use",
  async () => {
    const open = await ServerProcess.start({ flags: ["--host", "0.0.0.0"], environment: { TURNWIRE_TOKEN: token } });
    const at = (url: string): string => url.replace("0.0.0.0", lanAddress ?? "");
    const phone = { httpUrl: at(open.httpUrl) };
    assert.match((await ask(phone, "/")).text, /<html/);
    assert.is((await ask(phone, "/models")).status, 401);
    const own = { ...bearer, origin: phone.httpUrl };
    const { ticket } = await read(phone, "/ticket", ticketSchema, { method: "POST", headers: own });
    const protocols = ["turnwire.base", `turnwire.ticket.${ticket}`];
    using client = await connect(at(open.wsUrl), { protocols, headers: { origin: phone.httpUrl } });
    client.send({ type: "chat.send", conversationId: "phone", message: "from the sofa" });
    assert.is((await untilSealed(client, "phone")).text, "from the sofa");
    assert.is((await refusedUpgrade(at(open.wsUrl), { headers: { ...bearer, origin: foreign } })).status, 403);
    assert.is((await refusedUpgrade(at(open.wsUrl), { headers: { origin: phone.httpUrl } })).status, 401);
    await open.stop();
  },
);

test("--insecure opens the server to the network without a token, and the log warns of it", async () => {
  const open = await ServerProcess.start({ flags: ["--host", "0.0.0.0", "--insecure"] });
  const warning = open.log.find(({ level }) => level === 40);
  assert.match(warning?.msg ?? "", /anyone who can reach 0\.0\.0\.0 can use this server/);
  assert.is((await ask({ httpUrl: open.httpUrl.replace("0.0.0.0", "127.0.0.1") }, "/models")).status, 200);
  await open.stop();
});

test("the log contains refusals, but never the token", async () => {
  assert.ok(server.log.some(({ msg, status }) => msg === "transport-ws: upgrade refused" && status === 401));
  assert.not.ok(server.stderr.includes(token));
});

test.run();
