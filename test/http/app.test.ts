// What applies to the whole HTTP API: access, CORS, probes, the page's files, errors (protocol 2 and 3).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { StoreError } from "../../src/ports/store.ts";
import { eventually, within } from "../support/deadline.ts";
import { type Answer, startHttp } from "../support/http-server.ts";

const test = suite("http app");

const token = "a-token-of-some-length";
const both = ({ status, json }: Answer) => [status, json];
const bearer = { Authorization: `Bearer ${token}` };

function pageDirectory(): { directory: string; [Symbol.dispose](): void } {
  const root = mkdtempSync(join(tmpdir(), "turnwire-page-"));
  const directory = join(root, "page");
  mkdirSync(join(directory, "views"), { recursive: true });
  mkdirSync(join(directory, "folder.js"));
  writeFileSync(join(root, "outside.js"), "outside");
  const files = {
    "index.html": "<h1>",
    "app.js": "js",
    "style.css": "css",
    "icon.svg": "<svg/>",
    "views/list.js": "list",
  };
  for (const [name, content] of Object.entries({ ...files, ".hidden.js": "no", "notes.txt": "no", "other.html": "no" }))
    writeFileSync(join(directory, name), content);
  return { directory, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

test("the page's files are served with their types and must be revalidated", async () => {
  using page = pageDirectory();
  await using http = await startHttp({ page });
  const cases = [
    ["/", "text/html; charset=utf-8", "<h1>"],
    ["/index.html", "text/html; charset=utf-8", "<h1>"],
    ["/app.js", "text/javascript; charset=utf-8", "js"],
    ["/app.js?v=1", "text/javascript; charset=utf-8", "js"],
    ["/style.css", "text/css; charset=utf-8", "css"],
    ["/icon.svg", "image/svg+xml", "<svg/>"],
    ["/views/list.js", "text/javascript; charset=utf-8", "list"],
  ];
  for (const [path = "", contentType, content] of cases) {
    const { status, headers, text } = await http.ask(path);
    assert.equal([status, headers["content-type"], text], [200, contentType, content], path);
    assert.is(headers["cache-control"], "no-cache");
    assert.is(headers["x-content-type-options"], "nosniff");
    const again = await http.ask(path, { headers: { "If-None-Match": headers["etag"] ?? "" } });
    assert.equal([again.status, again.text], [304, ""]);
  }
  const head = await http.ask("/", { method: "HEAD" });
  assert.equal([head.status, head.text], [200, ""]);
});

test("the page may load only from its own origin, and run no script of another", async () => {
  using page = pageDirectory();
  await using http = await startHttp({ page });
  const policy = (await http.ask("/")).headers["content-security-policy"] ?? "";
  assert.match(policy, "default-src 'self'");
  assert.match(policy, "connect-src 'self' ws: wss:");
  assert.match(policy, "frame-ancestors 'none'");
  assert.not.match(policy, "unsafe");
});

test("no other file of the disk is served", async () => {
  using page = pageDirectory();
  await using http = await startHttp({ page });
  const climbing = [
    "/../outside.js",
    "/..%2foutside.js",
    "/%2e%2e/outside.js",
    "/views/../../outside.js",
    "/./../outside.js",
  ];
  const odd = [
    "/.hidden.js",
    "/notes.txt",
    "/other.html",
    "/views/",
    "/views",
    "/folder.js",
    "/app.js/x.js",
    "/missing.js",
  ];
  for (const path of [
    ...climbing,
    ...odd,
    "/app%2ejs",
    "/app.js%00",
    "//app.js",
    "/views//list.js",
    "/app.js/",
    "/APP.JS",
  ])
    assert.is((await http.ask(path)).status, 404, path);
  const backslash = await http.ask("/..\\outside.js");
  assert.is(backslash.status, 400);
  assert.match(backslash.text, /^{"error":"bad request/);
  assert.is((await http.ask("/app.js", { method: "POST" })).status, 404);
});

test("without a page directory / gets 404", async () => {
  await using http = await startHttp();
  assert.equal(both(await http.ask("/")), [404, { error: "no such route" }]);
});

test("an unknown route gets 404, whatever the method", async () => {
  await using http = await startHttp();
  const routes = ["GET /nothing", "POST /models", "GET /chat", "PATCH /conversations/c", "DELETE /conversations/c"];
  for (const route of [...routes, "GET /conversations/", "GET /conversations//title", "OPTIONS /models"]) {
    const [method = "", path = ""] = route.split(" ");
    assert.equal(both(await http.ask(path, { method })), [404, { error: "no such route" }], route);
  }
});

test("models, tickets and metrics", async () => {
  await using http = await startHttp({ metrics: async () => "turnwire_sockets 1\n" });
  const models = { models: ["demo/echo"], modelInfo: { "demo/echo": { contextWindow: 1000 } } };
  assert.equal(both(await http.ask("/models")), [200, models]);
  const ticket = await http.ask("/ticket", { method: "POST" });
  assert.is(ticket.status, 200);
  assert.match(ticket.text, /^{"ticket":"[\w-]{22,}","expiresAt":1700000030000}$/);
  assert.is(ticket.headers["cache-control"], "no-store");
  const metrics = await http.ask("/metrics");
  assert.equal([metrics.status, metrics.text], [200, "turnwire_sockets 1\n"]);
  assert.match(metrics.headers["content-type"] ?? "", "text/plain; version=0.0.4");
});

test("the probes distinguish alive from degraded and ready", async () => {
  const state = { alive: true, degraded: false, ready: true };
  const health = { alive: () => state.alive, degraded: () => state.degraded, ready: () => state.ready };
  await using http = await startHttp({ token, health });
  assert.equal(both(await http.ask("/healthz")), [200, { alive: true }]);
  assert.equal(both(await http.ask("/readyz")), [200, { ready: true }]);
  state.ready = false;
  assert.is((await http.ask("/healthz")).status, 200);
  const { status, headers } = await http.ask("/readyz");
  assert.equal([status, headers["retry-after"]], [503, "5"]);
  state.degraded = true;
  assert.equal(both(await http.ask("/healthz")), [200, { alive: true, degraded: true }]);
  state.alive = false;
  assert.is((await http.ask("/healthz")).status, 503);
});

test("with a token every route needs it, except the page and the probes", async () => {
  using page = pageDirectory();
  await using http = await startHttp({ token, page, metrics: async () => "" });
  for (const path of ["/", "/app.js", "/healthz", "/readyz"]) assert.is((await http.ask(path)).status, 200, path);
  const below = ["", "/metrics", "/status", "/last", "/title", "/model", "/reasoning-effort"];
  const reads = ["/models", "/metrics", "/conversations", ...below.map((route) => `/conversations/known${route}`)];
  for (const path of [...reads, "/nothing", "/missing.js"]) {
    const refused = await http.ask(path);
    assert.equal([refused.status, refused.headers["www-authenticate"]], [401, "Bearer"], path);
    assert.is((await http.ask(path, { headers: { Authorization: "Bearer wrong" } })).status, 401, path);
  }
  for (const path of reads) assert.is((await http.ask(path, { headers: bearer })).status, 200, path);
  const actions = ["POST /chat", "POST /ticket", "POST /conversations/c/queue", "PUT /conversations/c/title"];
  for (const route of [...actions, "DELETE /conversations/c/queue/m", "POST /conversations/c/close"]) {
    const [method = "", path = ""] = route.split(" ");
    assert.is((await http.ask(path, { method, body: {} })).status, 401, route);
  }
  assert.equal(http.orchestrator.requests, []);
});

test("a foreign origin, or a foreign name that resolves to this machine, gets 403 on every route", async () => {
  using page = pageDirectory();
  await using http = await startHttp({ page });
  for (const path of ["/", "/app.js", "/healthz", "/readyz", "/models", "/conversations/c", "/nothing"]) {
    for (const headers of [{ Host: "evil.example" }, { Origin: "https://evil.example" }, { Origin: "null" }]) {
      const { status, headers: sent } = await http.ask(path, { headers });
      assert.is(status, 403, path);
      assert.is(sent["access-control-allow-origin"], undefined);
    }
  }
  const chat = await http.ask("/chat", {
    method: "POST",
    headers: { Origin: "https://evil.example" },
    body: { message: "x" },
  });
  assert.is(chat.status, 403);
  const doubled = await http.ask("/models", { rawHeaders: ["Host", "localhost", "Host", "localhost"] });
  assert.is(doubled.status, 403);
  assert.equal(http.orchestrator.requests, []);
});

test("an invalid Host gets an error that says so", async () => {
  await using http = await startHttp();
  for (const host of ["[", "local host", "a@localhost"]) {
    const { status, text } = await http.ask("/models", { rawHeaders: ["Host", host] });
    assert.ok(status === 400 || status === 403, host);
    assert.match(text, /^{"error":/);
  }
});

test("CORS headers name allowed origins, on refusals too", async () => {
  await using http = await startHttp({ token, allowOrigins: ["https://chat.example"] });
  const origin = { Origin: "https://chat.example" };
  for (const path of ["/models", "/healthz", "/conversations/known/status"]) {
    const { headers } = await http.ask(path, { headers: origin });
    assert.is(headers["access-control-allow-origin"], "https://chat.example", path);
    assert.is(headers["access-control-expose-headers"], "X-Conversation-Id");
    assert.is(headers["access-control-allow-credentials"], undefined);
    assert.is(headers["vary"], "Origin");
  }
  const without = await http.ask("/models");
  assert.equal([without.headers["access-control-allow-origin"], without.headers["vary"]], [undefined, "Origin"]);
});

test("a preflight is answered for allowed origins only, without a token", async () => {
  await using http = await startHttp({ token, allowOrigins: ["https://chat.example"] });
  const preflight = (origin: string) =>
    http.ask("/conversations/c/title", {
      method: "OPTIONS",
      headers: { Origin: origin, "Access-Control-Request-Method": "PUT" },
    });
  const { status, headers, text } = await preflight("https://chat.example");
  assert.equal([status, text, headers["access-control-allow-origin"]], [204, "", "https://chat.example"]);
  for (const method of ["PUT", "DELETE"]) assert.match(headers["access-control-allow-methods"] ?? "", method);
  for (const name of ["Authorization", "Content-Type"])
    assert.match(headers["access-control-allow-headers"] ?? "", name);
  const foreign = await preflight("https://evil.example");
  assert.equal([foreign.status, foreign.headers["access-control-allow-origin"]], [403, undefined]);
  assert.is(
    (await http.ask("/models", { method: "OPTIONS", headers: { Origin: "https://chat.example" } })).status,
    401,
  );
});

test("a defect gets 500 without its cause, keeps the CORS headers, and is logged once", async () => {
  const metrics = () => Promise.reject(new Error("secret cause"));
  await using http = await startHttp({ metrics, allowOrigins: ["https://chat.example"] });
  const { status, json, headers } = await http.ask("/metrics", { headers: { Origin: "https://chat.example" } });
  assert.equal([status, json], [500, { error: "internal error" }]);
  assert.is(headers["access-control-allow-origin"], "https://chat.example");
  assert.is(http.logged.length, 1);
  assert.match(JSON.stringify(http.logged), "secret cause");
});

test("a store that cannot be read gets 507 with its message (3)", async () => {
  await using http = await startHttp();
  http.conversations.history = () => {
    throw new StoreError("turnwire.db cannot be read: put the disk back");
  };
  const answer = await http.ask("/conversations/c");
  assert.equal(both(answer), [507, { error: "turnwire.db cannot be read: put the disk back" }]);
});

test("the HTTP app does not change the globals of its process", async () => {
  const { Request: request, Response: response } = globalThis;
  await using http = await startHttp();
  await http.ask("/models");
  assert.is(globalThis.Request, request);
  assert.is(globalThis.Response, response);
});

test("a client that disconnects in mid-answer causes no console output", async () => {
  const printed: unknown[] = [];
  const { info, error } = console;
  console.info = (...words: unknown[]) => printed.push(words);
  console.error = (...words: unknown[]) => printed.push(words);
  try {
    await using http = await startHttp();
    const socket = connect(http.port, "127.0.0.1");
    const body = JSON.stringify({ message: "hi", conversationId: "c" });
    socket.write(`POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await within(new Promise((resolve) => socket.once("data", resolve)), "the head");
    http.orchestrator.emit("c", { type: "text-delta", delta: "x".repeat(1_000_000) });
    socket.resetAndDestroy();
    await within(new Promise((resolve) => socket.once("close", resolve)), "the reset");
    http.orchestrator.emit("c", { type: "text-delta", delta: "y" });
    await http.ask("/healthz");
  } finally {
    Object.assign(console, { info, error });
  }
  assert.equal(printed, []);
});

test("requests above the rate limit get 429, counted separately for each token and kind", async () => {
  const slow = { ...limits, commandsBurst: 2, commandsPerSecond: 0.5, readsBurst: 1, readsPerSecond: 0.1 };
  await using http = await startHttp({ limits: slow });
  const post = () => http.ask("/conversations/c/open", { method: "POST" });
  const answers = [await post(), await post(), await post()];
  assert.equal(
    answers.map(({ status }) => status === 429),
    [false, false, true],
  );
  const [, , refused] = answers;
  assert.equal(refused?.json, { error: "Too many requests: wait 2000 ms", code: "rate-limited" });
  assert.is(refused?.headers["retry-after"], "2");
  assert.is((await http.ask("/conversations")).status, 200, "reads are counted separately");
  assert.is((await http.ask("/conversations")).status, 429);
  assert.is((await http.ask("/healthz")).status, 200, "probes are not counted");
  http.clock.advance(2_000);
  assert.is.not((await post()).status, 429);
});

test("a client that keeps sending against refusals is answered late, and refused until it pauses", async () => {
  await using http = await startHttp({
    limits: { ...limits, readsBurst: 1, readsPerSecond: 1, commandRefusalsMax: 2 },
  });
  const ask = async (): Promise<number> => (await http.ask("/models")).status;
  assert.equal([await ask(), await ask(), await ask()], [200, 429, 429]);
  http.clock.advance(900);
  let status = 0;
  const late = ask().then((given) => {
    status = given;
  });
  await eventually(() => http.clock.pending > 0, "the request to arrive");
  http.clock.advance(999);
  await http.ask("/healthz");
  assert.is(status, 0, "the request is not answered yet");
  http.clock.advance(1);
  await within(late, "the late answer");
  assert.is(status, 429);
  assert.is(await ask(), 200, "the rate that refills during the wait counts");
});

test("long bodies are parsed one at a time, with a pause in between, and a full queue refuses more", async () => {
  await using http = await startHttp({ limits: { ...limits, longMessagesBytesMax: 1 } });
  const post = (message: string) => http.ask("/chat", { method: "POST", body: { message, conversationId: "c" } });
  const started = async (turns: number): Promise<void> => {
    await eventually(() => http.orchestrator.requests.length === turns, `turn ${turns} to begin`);
    http.orchestrator.emit("c", { type: "turn-sealed", latestSeq: turns });
  };
  const long = "x".repeat(limits.messageBytesMax);
  const first = post(long);
  await eventually(() => http.clock.pending > 0, "the first body to arrive");
  http.clock.hold(1);
  http.clock.turn();
  http.clock.turn();
  await within(http.ask("/models"), "an answer meanwhile");
  assert.is(http.orchestrator.requests.length, 0, "parsing, encoding and the turn's beginning have a loop turn each");
  http.clock.turn();
  await started(1);
  assert.is((await within(first, "the first answer")).status, 200);
  const second = post(long);
  await eventually(() => http.clock.pending > 0, "the second body to arrive");
  const third = await within(post(long), "the third answer");
  assert.is(third.status, 503);
  assert.is(third.headers["retry-after"], String(limits.retryAfterMs / 1_000));
  const short = post("x");
  await started(2);
  assert.is(
    (await within(short, "the answer to a short one")).status,
    200,
    "a short body does not wait for a long one",
  );
  http.clock.advance(limits.longMessageCooldownMsMax);
  http.clock.turn();
  http.clock.turn();
  await started(3);
  assert.is((await within(second, "the second answer")).status, 200);
});

test("many clients of one account share its rate, and none waits for the others", async () => {
  const perSecond = 10;
  await using http = await startHttp({
    limits: { ...limits, readsBurst: 5, readsPerSecond: perSecond, commandRefusalsMax: 1 },
  });
  const statuses: number[] = [];
  const clients = Array.from({ length: 20 }, async () => {
    while (statuses.filter((status) => status === 200).length < 5 + 3 * perSecond)
      statuses.push((await http.ask("/conversations")).status);
  });
  const over = Promise.all(clients).then(() => true);
  await eventually(async () => {
    http.clock.advance(100);
    return await Promise.race([over, Promise.resolve(false)]);
  }, "three seconds' worth of answers");
  assert.ok(statuses.includes(429));
});

test("a body that would take seconds to parse is refused before parsing, as over a socket", async () => {
  await using http = await startHttp();
  const post = async (body: string): Promise<unknown> => {
    const answer = fetch(`${http.url}/chat`, { method: "POST", body });
    await eventually(() => http.clock.pending > 0, "the body to arrive");
    http.clock.settle();
    const response = await within(answer, "the answer");
    return [response.status, await response.json()];
  };
  const deep = `{"message":"x","payload":${"[".repeat(limits.messageBytesMax)}`;
  assert.equal(await post(deep), [400, { error: "Invalid message: it is nested deeper than 32 levels" }]);
  const blank = " ".repeat(32 * limits.messageOpenersMax + 1);
  const outside = "Invalid message: at most 320000 of its bytes may be outside strings";
  assert.equal(await post(blank), [413, { error: outside }]);
});

test.run();
