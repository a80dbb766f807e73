// The HTTP port of the real command, and how it works together with sockets: NDJSON, waiting, broadcasts, settings, and
// the WebSocket that both ports accept.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, type Message } from "../support/client.ts";
import { within } from "../support/deadline.ts";
import { openPeer } from "../support/http-peer.ts";
import { ServerProcess } from "../support/server-process.ts";
import { ask, listOf } from "../support/system-http.ts";
import { eventOf, outlineOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("the HTTP port");

let server: ServerProcess;
test.before(async () => {
  server = await ServerProcess.start();
});
test.after(async () => {
  await server.stop();
});

test("the HTTP port accepts WebSockets too; the WebSocket port answers plain HTTP with 426 on any path", async () => {
  for (const url of [server.httpUrl.replace("http:", "ws:"), `${server.wsUrl}/any/path?with=query`]) {
    using client = await connect(url);
    assert.is((await client.nextAny()).type, "catalog");
    client.send({ type: "ping" });
    await client.next("pong");
  }
  for (const path of ["/", "/conversations", "/healthz"]) {
    using peer = await openPeer(server.wsUrl);
    const { status, body } = await peer.request(`GET ${path}`);
    assert.equal([status, body], [426, "expected websocket"]);
  }
});

test("clients that offer HTTP/2 with every request, such as Java's, get their answer (protocol 3)", async () => {
  const offer = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA" };
  using reader = await openPeer(server.httpUrl);
  assert.is((await reader.request("GET /models", offer)).status, 200);
  using writer = await openPeer(server.httpUrl);
  const queued = await writer.request("POST /conversations/h2c/queue", offer, '{"text":"hello"}');
  assert.equal([queued.status, JSON.parse(queued.body).startedTurn], [200, true]);
});

test("a client that stalls before the end of its headers is disconnected after 10 s on the HTTP port too", async () => {
  using mute = await openPeer(server.httpUrl);
  using halfway = await openPeer(server.httpUrl);
  halfway.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nsec-websocket-ke");
  await Promise.all([mute.untilClosed(15_000), halfway.untilClosed(15_000)]);
});

test("the page and its files are served, and nothing outside their directory", async () => {
  const page = await ask(server, "/");
  assert.is(page.status, 200);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  const scripts = [...page.text.matchAll(/src="([^"]+\.js)"/g)].map(([, path = ""]) => path);
  assert.ok(scripts.length > 0, "the page has a script");
  for (const path of scripts) {
    const script = await ask(server, new URL(path, `${server.httpUrl}/`).pathname);
    assert.is(script.status, 200, path);
    assert.match(script.headers.get("content-type") ?? "", /javascript/);
  }
  using peer = await openPeer(server.httpUrl);
  assert.is((await peer.request("GET /../process.ts")).status, 404);
});

test("POST /chat streams bare events as NDJSON, names the conversation, and sockets can watch the turn", async () => {
  using watcher = await connect(server.wsUrl);
  watcher.send({ type: "chat.subscribe", conversationId: "lines" });
  await watcher.barrier();
  const { type: _, ...body } = playScript("lines", { tokens: 20, reasoning: 2, tools: 1 });
  const chat = await ask(server, "/chat", { method: "POST", body });
  assert.is(chat.status, 200);
  assert.is(chat.headers.get("content-type"), "application/x-ndjson");
  assert.is(chat.headers.get("x-conversation-id"), "lines");
  assert.ok(chat.text.endsWith("\n"));
  const events = chat.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const turn = await untilSealed(watcher, "lines");
  assert.equal(outlineOf(events), outlineOf(turn.events));
  const text = events.flatMap((event) => (event.type === "text-delta" ? [event.delta] : [])).join("");
  assert.equal([text, turn.text], [scriptText(20), scriptText(20)]);
  assert.equal(events.at(-1), eventOf(turn, "turn-sealed"));
});

test("POST /chat is refused with 409 while a turn runs, and disconnecting a client does not end its turn", async () => {
  using watcher = await connect(server.wsUrl);
  watcher.send({ type: "chat.subscribe", conversationId: "left" });
  const peer = await openPeer(server.httpUrl);
  const { type: _, ...body } = playScript("left", { tokens: 40, delayMs: 20 });
  const length = String(Buffer.byteLength(JSON.stringify(body)));
  peer.write(`POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${JSON.stringify(body)}`);
  await watcher.nextEvent("left", "text-delta");
  const second = await ask(server, "/chat", { method: "POST", body: { conversationId: "left", message: "me too" } });
  assert.is(second.status, 409);
  assert.equal(second.json, { error: "a turn is already generating for this conversation" });
  peer.kill();
  const turn = await untilSealed(watcher, "left");
  assert.equal([turn.reason, turn.text], ["stop", scriptText(40)]);
});

test("GET /last waits for the running turn and answers with its text", async () => {
  using client = await connect(server.wsUrl);
  client.send(playScript("last", { tokens: 3 }));
  const first = await untilSealed(client, "last");
  client.send(playScript("last", { tokens: 25, delayMs: 20 }));
  const isNext = (event: Message): boolean => event.type === "turn-start" && event["turnId"] !== first.turnId;
  const { turnId } = await client.nextEvent("last", isNext);
  const answer = await ask(server, "/conversations/last/last");
  assert.equal(answer.json, { conversationId: "last", content: scriptText(25), turnId });
  assert.is((await ask(server, "/conversations/nobody/last")).status, 404);
});

test("opening a conversation is broadcast to every socket, and an unknown one is not opened", async () => {
  using one = await connect(server.wsUrl);
  using other = await connect(server.httpUrl.replace("http:", "ws:"));
  one.send({ type: "chat.send", conversationId: "opened", message: "hi", workspaceId: "desk" });
  await untilSealed(one, "opened");
  assert.not.ok(
    other.received.some(({ type }) => type === "conversation.open"),
    "creating a conversation does not open it",
  );
  const open = await ask(server, "/conversations/opened/open", { method: "POST" });
  assert.equal(open.json, { conversationId: "opened" });
  for (const client of [one, other])
    assert.equal(await client.next("conversation.open"), {
      type: "conversation.open",
      conversationId: "opened",
      workspaceId: "desk",
    });
  assert.is((await ask(server, "/conversations/nobody/open", { method: "POST" })).status, 404);
});

test("title, model and effort are set, unset and refused one by one; PUT creates a conversation", async () => {
  const put = (segment: string, body: unknown) => ask(server, `/conversations/set/${segment}`, { method: "PUT", body });
  const get = async (segment: string) => (await ask(server, `/conversations/set/${segment}`)).json;
  assert.equal(await get("title"), { conversationId: "set", title: null });
  assert.equal((await put("title", { title: "Mine" })).json, { conversationId: "set", title: "Mine" });
  assert.is((await put("model", { model: "demo/tools" })).status, 200);
  assert.is((await put("reasoning-effort", { reasoningEffort: "low" })).status, 200);
  const unknown = await put("model", { model: "nobody/knows" });
  assert.is(unknown.status, 400);
  assert.match(unknown.text, /nobody\/knows/);
  assert.is((await put("reasoning-effort", { reasoningEffort: "some" })).status, 400);
  assert.is((await put("title", { name: "x" })).status, 400);
  assert.equal(await get("model"), { conversationId: "set", model: "demo/tools" });
  assert.equal(await get("reasoning-effort"), { conversationId: "set", reasoningEffort: "low" });
  await put("model", { model: null });
  assert.equal(await get("model"), { conversationId: "set", model: null });
  assert.is((await listOf(server, "?q=set"))[0]?.title, "Mine");
});

test("a client that disconnects in mid-request, or sends an invalid one, harms no other request", async () => {
  for (const [path, body, status] of [
    ["/chat", "{", 400],
    ["/chat", "[]", 400],
    ["/chat", '{"message":""}', 400],
    ["/conversations/x/queue", '{"text":" "}', 400],
    ["/conversations/%E0%A4%A/queue", '{"text":"x"}', 400],
    ["/nowhere", "{}", 404],
  ] as const) {
    using peer = await openPeer(server.httpUrl);
    const answer = await peer.request(`POST ${path}`, { "content-type": "application/json" }, body);
    assert.is(answer.status, status, `${path} ${body}`);
    assert.type(JSON.parse(answer.body).error, "string");
  }
  const half = await openPeer(server.httpUrl);
  half.write('POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"mess');
  half.kill();
  assert.is((await ask(server, "/healthz")).status, 200);
});

test("GET /metrics reports sockets and running turns in the Prometheus format", async () => {
  using client = await connect(server.wsUrl);
  client.send(playScript("measured", { tokens: 1, hang: true }));
  await client.nextEvent("measured", "text-delta");
  const { text, headers } = await ask(server, "/metrics");
  assert.match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^turnwire_sockets [1-9]/m);
  assert.match(text, /^turnwire_running_turns 1$/m);
  client.send({ type: "chat.cancel", conversationId: "measured" });
  await within(untilSealed(client, "measured"), "the end");
});

test.run();
