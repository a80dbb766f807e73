// Tokens from a file on the real command: names, scopes, tickets that inherit them, and a token that is removed while
// its sockets and answers are open.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, connect, refusedUpgrade } from "../support/client.ts";
import { eventually, within } from "../support/deadline.ts";
import { openPeer } from "../support/http-peer.ts";
import { runCommand, ServerProcess } from "../support/server-process.ts";
import { ask, read, ticketSchema } from "../support/system-http.ts";
import { untilSealed } from "../support/system-turns.ts";

const test = suite("tokens from a file");

const directory = mkdtempSync(join(tmpdir(), "turnwire-tokens-"));
const file = join(directory, "tokens.json");
let server: ServerProcess;
const tokens: Record<string, string> = {};

async function token(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["token", ...argv, "--tokens-file", file]);
  assert.is(code, 0, stderr);
  return stdout.trim();
}

const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer ${tokens[name]}` });
const socketOf = (name: string): Promise<Client> => connect(server.wsUrl, { headers: bearer(name) });
const buyTicket = async (name: string): Promise<string> =>
  `turnwire.ticket.${(await read(server, "/ticket", ticketSchema, { method: "POST", headers: bearer(name) })).ticket}`;
const endless = { type: "chat.send", model: "demo/script", message: '{"tokens":100000,"delayMs":20}' };

test.before(async () => {
  for (const [name, scope] of [
    ["reader", "read"],
    ["phone", "chat"],
    ["owner", "admin"],
    ["spare", "chat"],
  ] as const)
    tokens[name] = await token("add", name, "--scopes", scope);
  server = await ServerProcess.start({ flags: ["--tokens-file", file, "--inspect", "--log-level", "debug"] });
});
test.after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

test("a text that a token may not send is refused before its body has come", async () => {
  using peer = await openPeer(server.httpUrl);
  const { authorization = "" } = bearer("reader");
  // The body never comes.
  const head = ["POST /chat HTTP/1.1", "Host: localhost", `Authorization: ${authorization}`, "Content-Length: 60000"];
  peer.write(`${head.join("\r\n")}\r\n\r\n`);
  const { status, body } = await peer.response();
  assert.is(status, 403);
  assert.match(body, "needs the scope chat");
});

test("a token's scope limits what its socket may do, and each refusal names the missing scope", async () => {
  using phone = await socketOf("phone");
  phone.send({ type: "chat.send", conversationId: "shared", message: "hello" });
  assert.is((await untilSealed(phone, "shared")).text, "hello");

  using reader = await socketOf("reader");
  reader.send({ type: "chat.subscribe", conversationId: "shared" });
  for (const message of [
    { type: "chat.send", conversationId: "shared", message: "no" },
    { type: "chat.queue", conversationId: "shared", text: "no" },
    { type: "chat.cancel", conversationId: "shared" },
    { type: "chat.queue.cancel", conversationId: "shared", messageId: "no" },
  ]) {
    reader.send(message);
    const refused = await reader.next("chat.error");
    assert.is(refused["conversationId"], "shared", message.type);
    assert.match(String(refused["message"]), 'needs the scope chat, and the token "reader" has the scope read');
  }
  const toggle = { type: "invoke", surfaceId: "gateway", actionId: "set-refuses-turns", payload: true };
  for (const client of [reader, phone]) {
    client.send(toggle);
    assert.match(String((await client.next({ type: "error", surfaceId: "gateway" }))["message"]), "forbidden");
  }
  phone.send({ type: "chat.send", conversationId: "shared", message: "again" });
  assert.is((await untilSealed(phone, "shared")).text, "again");
});

test("the same scopes apply to every HTTP route", async () => {
  const asks = async (name: string, method: string, path: string, body?: object): Promise<number> =>
    (await ask(server, path, { method, headers: bearer(name), ...(body && { body }) })).status;
  for (const [path, admin] of [
    ["/conversations", false],
    ["/conversations/shared", false],
    ["/conversations/shared/status", false],
    ["/models", false],
    ["/metrics", false],
    ["/inspect/overview", true],
    ["/inspect/actors", true],
  ] as const) {
    assert.is(await asks("reader", "GET", path), admin ? 403 : 200, path);
    assert.is(await asks("phone", "GET", path), admin ? 403 : 200, path);
    assert.is(await asks("owner", "GET", path), 200, path);
  }
  for (const [method, path, body] of [
    ["POST", "/chat", { conversationId: "shared", message: "no" }],
    ["POST", "/conversations/shared/queue", { text: "no" }],
    ["DELETE", "/conversations/shared/queue/x", undefined],
    ["POST", "/conversations/shared/open", undefined],
    ["POST", "/conversations/shared/close", undefined],
    ["POST", "/conversations/shared/stop", undefined],
    ["POST", "/conversations/shared/compact", undefined],
    ["PUT", "/conversations/shared/title", { title: "no" }],
    ["PUT", "/conversations/shared/model", { model: "demo/echo" }],
    ["PUT", "/conversations/shared/reasoning-effort", { reasoningEffort: "low" }],
  ] as const)
    assert.is(await asks("reader", method, path, body), 403, `${method} ${path}`);
});

test("a ticket has the scope of the token that bought it, and works once", async () => {
  const ticket = await buyTicket("reader");
  using client = await connect(server.wsUrl, { protocols: ["turnwire.base", ticket] });
  client.send({ type: "chat.send", conversationId: "ticketed", message: "no" });
  assert.match(String((await client.next("chat.error"))["message"]), 'the token "reader" has the scope read');
  assert.is((await refusedUpgrade(server.wsUrl, { protocols: ["turnwire.base", ticket] })).status, 401);
});

test("removing a token ends its sockets with 4502, its answers and its tickets within a second", async () => {
  const ticket = await buyTicket("spare");
  using spare = await socketOf("spare");
  using owner = await socketOf("owner");
  spare.send({ ...endless, conversationId: "endless" });
  await spare.nextEvent("endless", "text-delta");
  const body = JSON.stringify({ ...endless, conversationId: "streamed" });
  const headers = { ...bearer("spare"), "content-type": "application/json" };
  const streamed = await fetch(`${server.httpUrl}/chat`, { method: "POST", headers, body });
  const reading = streamed.text().then(
    () => "ended",
    () => "cut",
  );
  const waiting = fetch(`${server.httpUrl}/conversations/endless/last`, { headers }).then(
    () => "answered",
    () => "cut",
  );

  await token("remove", "spare");
  const removedAt = performance.now();
  const closed = await spare.untilClosed(1_000);
  assert.is(closed.code, 4502);
  assert.is(await within(reading, "the stream to be cut", budget(removedAt)), "cut");
  assert.is(await within(waiting, "the answer to be cut", budget(removedAt)), "cut");
  assert.is((await refusedUpgrade(server.wsUrl, { headers: bearer("spare") })).status, 401);
  assert.is((await refusedUpgrade(server.wsUrl, { protocols: ["turnwire.base", ticket] })).status, 401);
  assert.is((await ask(server, "/models", { headers: bearer("spare") })).status, 401);

  // The turns belong to their conversations: they run on, and clients with other tokens can follow them.
  owner.send({ type: "chat.subscribe", conversationId: "endless" });
  await owner.nextEvent("endless", "text-delta");
  for (const conversationId of ["endless", "streamed"]) owner.send({ type: "chat.cancel", conversationId });
  await owner.barrier();
  assert.not.ok(owner.isClosed);
});

const budget = (since: number): number => Math.max(1, 1_000 - (performance.now() - since));

test("a token that is removed while a request body is arriving starts no turn", async () => {
  tokens["slow"] = await token("add", "slow");
  server.signal("SIGHUP");
  await eventually(async () => (await ask(server, "/models", { headers: bearer("slow") })).status === 200, "the token");
  using peer = await openPeer(server.httpUrl);
  const body = JSON.stringify({ conversationId: "late", message: "hello" });
  const { host } = new URL(server.httpUrl);
  const head = `POST /chat HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${tokens["slow"]}\r\n`;
  peer.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, 10)}`);
  await token("remove", "slow");
  await eventually(async () => (await ask(server, "/models", { headers: bearer("slow") })).status === 401, "its end");
  peer.write(body.slice(10));
  assert.is((await peer.response()).status, 401);
  assert.is(
    (await ask(server, "/conversations/late", { headers: bearer("owner") })).text,
    '{"chunks":[],"latestSeq":0}',
  );
});

test("the log does not contain what users and models write, even if it was refused", async () => {
  using owner = await socketOf("owner");
  const said = "xyzzy plugh";
  owner.send({ type: "chat.send", conversationId: "quiet", message: said });
  assert.is((await untilSealed(owner, "quiet")).text, said);
  owner.send({ type: "chat.send", conversationId: "quiet", message: said, model: "none/none" });
  await owner.next("chat.error");
  owner.send({ type: "chat.send", conversationId: "quiet", message: { text: said } });
  await owner.next("chat.error");
  owner.sendRaw(`{"type":"chat.send","message":"${said}`);
  await owner.next("error");
  for (const body of [
    { message: said, images: said },
    { conversationId: "quiet", message: said, model: "none/none" },
  ])
    assert.is((await ask(server, "/chat", { method: "POST", headers: bearer("owner"), body })).status, 400);
  await ask(server, "/conversations/quiet/title", { method: "PUT", headers: bearer("owner"), body: { title: said } });
  assert.not.ok(server.stderr.includes("xyzzy"), server.stderr);
});

test("an added token works after SIGHUP without a restart, and no token is in the log", async () => {
  tokens["late"] = await token("add", "late");
  server.signal("SIGHUP");
  await eventually(async () => (await ask(server, "/models", { headers: bearer("late") })).status === 200, "the token");
  using late = await socketOf("late");
  await late.barrier();
  const log = JSON.stringify(server.log);
  for (const secret of Object.values(tokens)) assert.not.ok(log.includes(secret), "no secret is logged");
});

test.run();
