// POST /chat: a turn as NDJSON (protocol 3), whatever its reader does.
import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { eventually, within } from "../support/deadline.ts";
import { type HttpFixture, startHttp } from "../support/http-server.ts";

const test = suite("http chat");

const post = (http: HttpFixture, body: unknown): Promise<Response> =>
  within(
    fetch(`${http.url}/chat`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) }),
    "the head of the response",
  );

const linesOf = (text: string): { type: string; turnId: string; delta?: string; text?: string }[] => {
  assert.ok(text.endsWith("\n"), "every line ends with a newline");
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line));
};

const typesOf = (text: string): string[] => linesOf(text).map(({ type }) => type);

function finish(http: HttpFixture, conversationId: string): void {
  http.orchestrator.emit(conversationId, { type: "done", reason: "stop" }, { type: "turn-sealed", latestSeq: 2 });
}

test("a turn is streamed whole, each event as it happens", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "hello", conversationId: "c", model: null });
  assert.is(response.status, 200);
  assert.is(response.headers.get("content-type"), "application/x-ndjson");
  assert.is(response.headers.get("x-conversation-id"), "c");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => (await within(reader?.read() ?? Promise.reject(), "the next part")).value ?? "";
  http.orchestrator.emit("c", { type: "user-message", text: "hello" });
  assert.equal(typesOf(await next()), ["user-message"]);
  http.orchestrator.emit("c", { type: "turn-start" }, { type: "text-delta", delta: "hé\n" });
  const [start, delta] = linesOf(await next());
  assert.is(start?.type, "turn-start");
  assert.equal(delta, { type: "text-delta", delta: "hé\n", conversationId: "c", turnId: "turn-1" });
  finish(http, "c");
  assert.equal(typesOf(await next()), ["done", "turn-sealed"]);
  assert.is((await within(reader?.read() ?? Promise.reject(), "the end")).done, true);
  assert.is(http.orchestrator.listenerCount("c"), 0);
});

test("a reader gets whose a text is only with ?events=v1", async () => {
  for (const [query, messageId] of [
    ["", undefined],
    ["?events=v1", "m"],
  ]) {
    await using http = await startHttp();
    const body = JSON.stringify({ message: "hello", conversationId: "c" });
    const response = await within(fetch(`${http.url}/chat${query}`, { method: "POST", body }), "the head");
    http.orchestrator.emit("c", { type: "user-message", text: "hello", messageId: "m", messageIds: ["m", "n"] });
    finish(http, "c");
    const question = JSON.parse((await response.text()).split("\n")[0] ?? "");
    assert.equal([question.text, question.messageId, "messageIds" in question], ["hello", messageId, query !== ""]);
  }
});

test("without a conversationId the server creates a UUID and returns it", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "hello" });
  const conversationId = response.headers.get("x-conversation-id") ?? "";
  assert.match(conversationId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  finish(http, conversationId);
  assert.equal(typesOf(await response.text()), ["done", "turn-sealed"]);
});

test("an id that a header cannot contain is returned percent-encoded", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "hello", conversationId: "größe 1" });
  assert.is(response.headers.get("x-conversation-id"), "gr%C3%B6%C3%9Fe%201");
  finish(http, "größe 1");
  await response.text();
});

test("every field of a chat.send reaches the orchestrator", async () => {
  await using http = await startHttp();
  const body = {
    message: "hi",
    conversationId: "c",
    model: "demo/echo",
    cwd: "/tmp",
    reasoningEffort: "high",
    workspaceId: "w",
    computerId: "k",
    images: [{ url: "data:,x", mimeType: "image/png" }],
  };
  const response = await post(http, { ...body, type: "something else", extra: 1 });
  finish(http, "c");
  await response.text();
  const { message: text, model: modelName, ...same } = body;
  assert.equal(http.orchestrator.requests, [{ text, modelName, ...same }]);
});

test("events that are emitted while the turn starts are not missed", async () => {
  await using http = await startHttp();
  http.orchestrator.onStart = (conversationId) => {
    http.orchestrator.emit(conversationId, { type: "user-message", text: "hi" }, { type: "turn-start" });
    finish(http, conversationId);
  };
  const response = await post(http, { message: "hi", conversationId: "c" });
  assert.equal(typesOf(await response.text()), ["user-message", "turn-start", "done", "turn-sealed"]);
  assert.is(http.orchestrator.listenerCount("c"), 0);
});

test("the next turn is not part of the response", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "hi", conversationId: "c" });
  finish(http, "c");
  http.orchestrator.startTurn({ conversationId: "c", text: "next" });
  http.orchestrator.emit("c", { type: "turn-start" });
  assert.equal(typesOf(await response.text()), ["done", "turn-sealed"]);
});

test("the core profile leaves events out and still ends", async () => {
  const eventFilter = ({ type }: { type: string }) => type !== "user-message" && type !== "turn-sealed";
  await using http = await startHttp({ eventFilter });
  const response = await post(http, { message: "hi", conversationId: "c" });
  http.orchestrator.emit("c", { type: "user-message", text: "hi" }, { type: "turn-start" });
  finish(http, "c");
  assert.equal(typesOf(await response.text()), ["turn-start", "done"]);
});

test("during a turn another one is refused with 409, and the running one is not affected", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "hi", conversationId: "c" });
  http.orchestrator.emit("c", { type: "turn-start" });
  const second = await post(http, { message: "again", conversationId: "c" });
  assert.is(second.status, 409);
  assert.equal(await second.json(), { error: "a turn is already generating for this conversation" });
  assert.is(http.orchestrator.listenerCount("c"), 1);
  finish(http, "c");
  assert.equal(typesOf(await response.text()), ["turn-start", "done", "turn-sealed"]);
});

test("bad input gets 400 with the message of chat.send", async () => {
  await using http = await startHttp();
  const noMessage = "chat.send requires a non-empty string `message`";
  const badImage = "chat.send: each image must have a non-empty string 'url'";
  const effort = 'chat.send: invalid reasoningEffort "much" — must be one of: low, medium, high, xhigh, max';
  const cases: [body: unknown, error: string][] = [
    ["", "Invalid JSON"],
    ["{", "Invalid JSON"],
    ["[]", "Invalid message: must be a JSON object"],
    ["null", "Invalid message: must be a JSON object"],
    [{}, noMessage],
    [{ message: "" }, noMessage],
    [{ message: 5, reasoningEffort: "much" }, noMessage],
    [{ message: "x", reasoningEffort: "much", images: 1 }, effort],
    [{ message: "x", images: {} }, "chat.send: 'images' must be an array"],
    [{ message: "x", images: [{ url: "" }] }, badImage],
    [{ message: "x", images: [null] }, badImage],
  ];
  for (const [body, error] of cases) {
    const response = await post(http, body);
    assert.equal([response.status, await response.json()], [400, { error }]);
  }
  const named = await post(http, { message: "x", conversationId: 7 });
  assert.is(named.status, 400);
  assert.match(await named.text(), /^{"error":"Invalid message: `conversationId` /);
  const brokenText = await http.ask("/chat", { method: "POST", body: Buffer.from([0x22, 0xff, 0x22]) });
  assert.equal([brokenText.status, brokenText.json], [400, { error: "Invalid JSON" }]);
  assert.equal(http.orchestrator.requests, [], "no turn was started");
});

test("each refusal of a turn has its status and its message", async () => {
  await using http = await startHttp();
  const cases: [reason: string, status: number][] = [
    ["already-active", 409],
    ["turn-running", 409],
    ["unknown-model", 400],
    ["storage-failed", 507],
    ["draining", 503],
    ["refusing-turns", 503],
    ["queue-full", 429],
    ["too-many", 429],
    ["too-large", 413],
    ["internal", 500],
    ["a host's own word", 400],
  ];
  for (const [reason, status] of cases) {
    http.orchestrator.refusal = { started: false, reason, message: "a sentence" };
    const response = await post(http, { message: "x", conversationId: "c" });
    assert.is(response.status, status, reason);
    assert.is(response.headers.get("retry-after"), status === 503 ? "5" : null, reason);
    const error = status === 409 ? "a turn is already generating for this conversation" : "a sentence";
    assert.equal(await response.json(), { error });
    assert.is(http.orchestrator.listenerCount("c"), 0);
  }
  http.orchestrator.refusal = { started: false, reason: "no-reason" };
  assert.match(await (await post(http, { message: "x" })).text(), "the turn was refused: no-reason");
});

test("if the orchestrator throws, the request fails and the client does not get the cause", async () => {
  await using http = await startHttp();
  for (const defect of [new Error("secret cause"), "a string"]) {
    http.orchestrator.defect = defect;
    const response = await post(http, { message: "x", conversationId: "c" });
    assert.equal([response.status, await response.json()], [500, { error: "internal error" }]);
    assert.is(http.orchestrator.listenerCount("c"), 0);
  }
  assert.match(JSON.stringify(http.logged), "secret cause");
  assert.match(JSON.stringify(http.logged), "a string");
});

test("a failing subscribe of the orchestrator starts no turn", async () => {
  await using http = await startHttp();
  http.orchestrator.subscribe = () => {
    throw new Error("no subscription");
  };
  assert.is((await post(http, { message: "x", conversationId: "c" })).status, 500);
  assert.equal(http.orchestrator.requests, []);
});

test("an event that JSON cannot encode is left out, and the turn continues", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "x", conversationId: "c" });
  const input = { count: 1n };
  http.orchestrator.emit("c", { type: "tool-call", stepId: "s", toolCallId: "t", toolName: "n", input });
  finish(http, "c");
  assert.equal(typesOf(await response.text()), ["done", "turn-sealed"]);
});

test("a client that disconnects never aborts the turn, and its listener is released", async () => {
  await using http = await startHttp();
  const leaving = new AbortController();
  const body = JSON.stringify({ message: "hi", conversationId: "c" });
  const response = await fetch(`${http.url}/chat`, { method: "POST", body, signal: leaving.signal });
  assert.is(response.status, 200);
  assert.is(http.orchestrator.listenerCount("c"), 1);
  leaving.abort();
  await eventually(() => http.orchestrator.listenerCount("c") === 0, "the listener to be released");
  assert.ok(http.orchestrator.isActive("c"));
  finish(http, "c");
});

test("a client that never reads is cut off at the limit of unsent bytes, and the turn continues", async () => {
  const unsentBytesMax = 256 * 1024;
  await using http = await startHttp({ limits: { ...limits, unsentBytesMax } });
  const socket = connect(http.port, "127.0.0.1");
  socket.on("error", () => {});
  const body = JSON.stringify({ message: "hi", conversationId: "c" });
  socket.write(`POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  socket.pause();
  await eventually(() => http.orchestrator.listenerCount("c") === 1, "the turn to start");
  const delta = "x".repeat(64 * 1024);
  // The kernel buffers a few MB before bytes wait in the server.
  let sentBytes = 0;
  await eventually(() => {
    http.orchestrator.emit("c", { type: "text-delta", delta });
    sentBytes += delta.length;
    return http.orchestrator.listenerCount("c") === 0;
  }, "the reader to be cut off");
  assert.ok(sentBytes < 32 * 1024 * 1024, `cut off after ${sentBytes} bytes`);
  assert.is(http.logged.filter(({ level }) => level === "warn").length, 1);
  assert.ok(http.orchestrator.isActive("c"));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resume();
  await within(closed, "the connection to be broken");
  finish(http, "c");
});

test("a body above the limit gets 413, with or without a Content-Length", async () => {
  await using http = await startHttp({ limits: { ...limits, frameBytesMax: 1000, chatTextBytesMax: 100 } });
  const body = JSON.stringify({ message: "x".repeat(2000) });
  const announced = await http.ask("/chat", { method: "POST", body });
  assert.equal([announced.status, announced.json], [413, { error: "the body may have at most 1000 bytes" }]);
  const chunked = await http.ask("/chat", {
    method: "POST",
    rawHeaders: ["Host", "localhost", "Transfer-Encoding", "chunked"],
    body,
  });
  assert.is(chunked.status, 413);
  const longText = await http.ask("/chat", { method: "POST", body: { message: "é".repeat(51) } });
  assert.equal(
    [longText.status, longText.json],
    [413, { error: "Invalid message: `message` must have at most 100 bytes" }],
  );
  assert.equal(http.orchestrator.requests, []);
});

test("a request that ends before its body is complete starts no turn", async () => {
  await using http = await startHttp();
  const socket = connect(http.port, "127.0.0.1");
  socket.write('POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"message":"x"');
  socket.end();
  socket.resume();
  await within(new Promise((resolve) => socket.once("close", resolve)), "the connection to end");
  assert.equal(http.orchestrator.requests, []);
  assert.equal(http.logged, []);
});

test("two readers of two conversations get their own turns", async () => {
  await using http = await startHttp();
  const [a, b] = await Promise.all([
    post(http, { message: "a", conversationId: "a" }),
    post(http, { message: "b", conversationId: "b" }),
  ]);
  for (const name of ["a", "b"]) http.orchestrator.emit(name, { type: "text-delta", delta: name });
  for (const name of ["a", "b"]) finish(http, name);
  assert.equal([linesOf(await a.text())[0]?.delta, linesOf(await b.text())[0]?.delta], ["a", "b"]);
});

test("many events in one tick arrive whole and in order", async () => {
  await using http = await startHttp();
  const response = await post(http, { message: "a", conversationId: "c" });
  const count = 20_000;
  for (let i = 0; i < count; i++) http.orchestrator.emit("c", { type: "text-delta", delta: `w${i} ` });
  finish(http, "c");
  const lines = linesOf(await response.text());
  assert.is(lines.length, count + 2);
  assert.ok(lines.slice(0, count).every(({ delta }, i) => delta === `w${i} `));
});

test.run();
