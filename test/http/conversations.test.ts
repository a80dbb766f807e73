// The routes that read conversations, act on them, queue texts and store settings (protocol 3).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Authoriser } from "../../src/access/authoriser.ts";
import { statusOf } from "../../src/http/errors.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { eventually } from "../support/deadline.ts";
import { type Answer, type Ask, startHttp } from "../support/http-server.ts";

const test = suite("http conversations");

const both = ({ status, json }: Answer) => [status, json];
const put = (body: Ask["body"]): Ask => ({ method: "PUT", body: body ?? "" });
const post: Ask = { method: "POST" };

test("the list passes its selection on, and an empty one selects everything", async () => {
  await using http = await startHttp();
  const row = { id: "known", createdAt: 1, lastActivityAt: 2, title: null, status: "idle", workspaceId: "w" };
  assert.equal(both(await http.ask("/conversations")), [200, { conversations: [row] }]);
  await http.ask("/conversations?q=ab%2Fc&workspaceId=w%201");
  await http.ask("/conversations?q=&workspaceId=");
  assert.equal(http.conversations.asked, [{}, { q: "ab/c", workspaceId: "w 1" }, {}]);
  assert.is((await http.ask(`/conversations?q=${"x".repeat(201)}`)).status, 400);
});

test("the history passes its selection on", async () => {
  await using http = await startHttp();
  const answer = { chunks: [{ seq: 1, role: "user", chunk: { type: "text", text: "hi" } }], latestSeq: 1 };
  assert.equal(both(await http.ask("/conversations/c")), [200, answer]);
  await http.ask("/conversations/c?sinceSeq=0&beforeSeq=10&limit=1");
  assert.equal(http.conversations.asked, [
    { conversationId: "c" },
    { conversationId: "c", sinceSeq: 0, beforeSeq: 10, limit: 1 },
  ]);
});

test("a selection that is not a whole number in its range gets 400 with the field's name", async () => {
  await using http = await startHttp();
  for (const wrong of ["", "-1", "1.5", "x", "1e3", "0x1", "%20", "9007199254740993"])
    for (const name of ["sinceSeq", "beforeSeq", "limit"]) {
      const { status, text } = await http.ask(`/conversations/c?${name}=${wrong}`);
      assert.is(status, 400, `${name}=${wrong}`);
      assert.match(text, `${name} must be a whole number`);
    }
  assert.is((await http.ask("/conversations/c?beforeSeq=0")).status, 400);
  assert.is((await http.ask("/conversations/c?limit=0")).status, 400);
  assert.equal(http.conversations.asked, []);
});

test("metrics and status", async () => {
  await using http = await startHttp();
  assert.equal(both(await http.ask("/conversations/c/metrics")), [
    200,
    { turns: [{ turnId: "t", usage: null, steps: [] }] },
  ]);
  const status = { conversationId: "c", isActive: false, status: "queued" };
  assert.equal(both(await http.ask("/conversations/c/status")), [200, status]);
  http.orchestrator.startTurn({ conversationId: "c", text: "x" });
  assert.equal(both(await http.ask("/conversations/c/status")), [200, { ...status, isActive: true }]);
});

test("open announces a known conversation and answers 404 for an unknown one", async () => {
  await using http = await startHttp();
  assert.equal(both(await http.ask("/conversations/known/open", post)), [200, { conversationId: "known" }]);
  assert.equal(both(await http.ask("/conversations/c/open", post)), [404, { error: "no such conversation: c" }]);
});

test("close and stop say whether a turn was aborted", async () => {
  await using http = await startHttp();
  for (const action of ["close", "stop"]) {
    http.orchestrator.startTurn({ conversationId: "c", text: "x" });
    const answer = await http.ask(`/conversations/c/${action}`, post);
    assert.equal(both(answer), [200, { conversationId: "c", abortedTurn: true }]);
    const again = await http.ask(`/conversations/c/${action}`, post);
    assert.equal(both(again), [200, { conversationId: "c", abortedTurn: false }]);
  }
});

test("compact answers with the archive or with the reason for the failure", async () => {
  await using http = await startHttp();
  const done = { conversationId: "c", newConversationId: "archive", messagesSummarized: 3, messagesKept: 10 };
  assert.equal(both(await http.ask("/conversations/c/compact", post)), [200, done]);
  http.conversations.notDone = { code: "turn-running", message: "it runs" };
  assert.equal(both(await http.ask("/conversations/c/compact", post)), [409, { error: "it runs" }]);
  http.conversations.notDone = { code: "not-found", message: "unknown" };
  assert.equal(both(await http.ask("/conversations/c/compact", post)), [404, { error: "unknown" }]);
  http.conversations.notDone = { code: "draining", message: "later" };
  const { status, headers } = await http.ask("/conversations/c/compact", post);
  assert.equal([status, headers["retry-after"]], [503, "5"]);
});

test("a text is queued or starts a turn", async () => {
  await using http = await startHttp();
  const queue = (body: Ask["body"]) => http.ask("/conversations/c/queue", { method: "POST", body: body ?? "" });
  const started = { conversationId: "c", startedTurn: true, queue: [] };
  assert.equal(both(await queue({ text: " hi ", workspaceId: "w" })), [200, started]);
  http.orchestrator.startTurn({ conversationId: "c", text: "x" });
  const waiting = { conversationId: "c", startedTurn: false, queue: [{ id: "m1", text: "more", queuedAt: 5 }] };
  assert.equal(both(await queue({ text: "more", conversationId: "another" })), [200, waiting]);
  assert.equal(http.orchestrator.enqueued, [
    { conversationId: "c", text: " hi ", workspaceId: "w" },
    { conversationId: "c", text: "more", workspaceId: undefined },
  ]);
});

test("a text that cannot be queued is refused with the message of chat.queue", async () => {
  await using http = await startHttp({ limits: { ...limits, httpBodyBytesMax: 500 } });
  const queue = (body: Ask["body"]) => http.ask("/conversations/c/queue", { method: "POST", body: body ?? "" });
  const error = "chat.queue requires a non-empty string `text`";
  for (const body of [{}, { text: "" }, { text: " \n" }, { text: 1 }])
    assert.equal(both(await queue(body)), [400, { error }]);
  assert.equal(both(await queue("nonsense")), [400, { error: "Invalid JSON" }]);
  const wrongId = await queue({ text: "x", workspaceId: 5 });
  assert.is(wrongId.status, 400);
  assert.match(wrongId.text, "Invalid message: `workspaceId`");
  assert.is((await queue({ text: "x".repeat(500) })).status, 413);
  http.orchestrator.refusal = { started: false, reason: "queue-full", message: "the queue is full" };
  assert.equal(both(await queue({ text: "x" })), [429, { error: "the queue is full" }]);
  assert.equal(http.orchestrator.enqueued, []);
});

test("a queued text can be withdrawn, and withdrawing a missing one is harmless", async () => {
  await using http = await startHttp();
  const remove = (id: string) => http.ask(`/conversations/c/queue/${id}`, { method: "DELETE" });
  assert.equal(both(await remove("m1")), [200, { conversationId: "c", cancelled: true, queue: [] }]);
  assert.equal(both(await remove("m2")), [200, { conversationId: "c", cancelled: false, queue: [] }]);
  assert.is((await remove("x".repeat(201))).status, 400);
  assert.is((await remove("%ff")).status, 400);
});

test("each setting is read separately", async () => {
  await using http = await startHttp();
  http.conversations.settingsOf = { title: "a title", model: null, reasoningEffort: "low" };
  assert.equal(both(await http.ask("/conversations/c/title")), [200, { conversationId: "c", title: "a title" }]);
  assert.equal(both(await http.ask("/conversations/c/model")), [200, { conversationId: "c", model: null }]);
  const effort = await http.ask("/conversations/c/reasoning-effort");
  assert.equal(both(effort), [200, { conversationId: "c", reasoningEffort: "low" }]);
});

test("each setting is written separately, and null unsets it", async () => {
  await using http = await startHttp();
  const cases = [
    ["title", { title: "new" }],
    ["title", { title: null }],
    ["model", { model: "demo/echo" }],
    ["reasoning-effort", { reasoningEffort: "xhigh" }],
    ["reasoning-effort", { reasoningEffort: null }],
  ] as const;
  for (const [segment, change] of cases) {
    const answer = await http.ask(`/conversations/c/${segment}`, put({ ...change, other: 1 }));
    assert.equal(both(answer), [200, { conversationId: "c", ...change }]);
    assert.equal(http.conversations.asked.at(-1), { conversationId: "c", ...change });
  }
});

test("a missing or invalid setting is refused with its name", async () => {
  await using http = await startHttp();
  const wrong: [segment: string, body: Ask["body"], error: string][] = [
    ["title", {}, "Invalid message: `title` is missing"],
    ["title", { title: "" }, "Invalid message: `title` must not be empty"],
    ["title", { title: 5 }, "Invalid message: `title` must be a string"],
    ["model", { title: "x" }, "Invalid message: `model` is missing"],
    [
      "reasoning-effort",
      { reasoningEffort: "much" },
      'Invalid message: `reasoningEffort` is invalid: "much" — must be',
    ],
    ["reasoning-effort", "", "Invalid JSON"],
  ];
  for (const [segment, body, error] of wrong) {
    const { status, text } = await http.ask(`/conversations/c/${segment}`, put(body));
    assert.is(status, 400);
    assert.match(JSON.parse(text).error, error);
  }
  assert.equal(http.conversations.asked, []);
  http.conversations.notDone = { code: "unknown-model", message: "no such model" };
  assert.equal(both(await http.ask("/conversations/c/model", put({ model: "x/y" }))), [
    400,
    { error: "no such model" },
  ]);
  http.conversations.notDone = { code: "storage-failed", message: "disk full" };
  assert.equal(both(await http.ask("/conversations/c/title", put({ title: "x" }))), [507, { error: "disk full" }]);
});

test("the last answer of a conversation without a turn is returned at once", async () => {
  await using http = await startHttp();
  const answer = { conversationId: "known", content: "the answer", turnId: "t" };
  assert.equal(both(await http.ask("/conversations/known/last")), [200, answer]);
  assert.is((await http.ask("/conversations/c/last")).status, 404);
});

test("the last answer waits until the running turn is sealed", async () => {
  await using http = await startHttp();
  http.orchestrator.startTurn({ conversationId: "known", text: "x" });
  let isAnswered = false;
  const asked = http.ask("/conversations/known/last").finally(() => {
    isAnswered = true;
  });
  await eventually(() => http.orchestrator.listenerCount("known") === 1, "the request to wait");
  http.orchestrator.emit("known", { type: "done", reason: "stop" });
  await http.ask("/healthz");
  assert.not.ok(isAnswered, "`done` is not the seal");
  http.orchestrator.emit("known", { type: "turn-sealed", latestSeq: 1 });
  assert.is((await asked).status, 200);
  assert.is(http.orchestrator.listenerCount("known"), 0);
  assert.is(http.clock.pending, 0);
});

test("a request whose turn does not end in time gets 504, and the turn is not affected", async () => {
  await using http = await startHttp();
  http.orchestrator.startTurn({ conversationId: "known", text: "x" });
  const asked = http.ask("/conversations/known/last");
  await eventually(() => http.orchestrator.listenerCount("known") === 1, "the request to wait");
  http.clock.advance(limits.lastWaitMs);
  assert.equal(both(await asked), [504, { error: "the turn is still running" }]);
  assert.is(http.orchestrator.listenerCount("known"), 0);
  assert.ok(http.orchestrator.isActive("known"));
});

test("a client that disconnects while it waits is forgotten", async () => {
  await using http = await startHttp();
  http.orchestrator.startTurn({ conversationId: "known", text: "x" });
  const leaving = new AbortController();
  const asked = fetch(`${http.url}/conversations/known/last`, { signal: leaving.signal }).catch(() => "gone");
  await eventually(() => http.orchestrator.listenerCount("known") === 1, "the request to wait");
  leaving.abort();
  assert.is(await asked, "gone");
  await eventually(() => http.orchestrator.listenerCount("known") === 0, "the listener to be released");
  assert.is(http.clock.pending, 0);
});

test("a request does not wait for a turn that ends before it subscribes", async () => {
  await using http = await startHttp();
  let asked = 0;
  http.orchestrator.isActive = () => asked++ === 0;
  assert.is((await http.ask("/conversations/known/last")).status, 200);
  assert.is(http.clock.pending, 0);
});

test("a subscription that fails leaves nothing behind", async () => {
  await using http = await startHttp();
  http.orchestrator.isActive = () => true;
  http.orchestrator.subscribe = () => {
    throw new Error("broken");
  };
  assert.is((await http.ask("/conversations/known/last")).status, 500);
  assert.is(http.clock.pending, 0);
});

test("an id may have any character and is kept unchanged", async () => {
  await using http = await startHttp();
  const ids = ["a/b", "100%", "%2F", "ü ñ", "?#&", "a+b", "..a", "x".repeat(200), "日本", "😀", "a:b@c"];
  for (const id of ids) {
    const { json } = await http.ask(`/conversations/${encodeURIComponent(id)}/title`);
    assert.equal(json, { conversationId: id, title: null }, id);
  }
});

test("an invalid id gets 400", async () => {
  await using http = await startHttp();
  for (const id of ["x".repeat(201), "%ff", "%c3%28", "%", "%zz", "%ed%a0%80"])
    for (const route of ["", "/title", "/status"]) {
      const { status, text } = await http.ask(`/conversations/${id}${route}`);
      assert.is(status, 400, id + route);
      assert.match(text, "the id in the path");
    }
});

test("a route that a host does not offer gets 501", async () => {
  await using http = await startHttp({ conversations: {} });
  http.orchestrator.cancelQueuedMessage = undefined as never;
  const reads = ["/models", "/conversations", "/metrics"];
  const below = ["", "/metrics", "/status", "/last", "/title", "/model", "/reasoning-effort"];
  for (const path of [...reads, ...below.map((route) => `/conversations/c${route}`)])
    assert.is((await http.ask(path)).status, 501, path);
  for (const path of ["/conversations/c/open", "/conversations/c/compact"])
    assert.is((await http.ask(path, post)).status, 501);
  assert.is((await http.ask("/conversations/c/title", put({ title: "x" }))).status, 501);
  const removed = await http.ask("/conversations/c/queue/m", { method: "DELETE" });
  assert.equal(both(removed), [501, { error: "this host does not offer that" }]);
  assert.is((await http.ask("/conversations/c/stop", post)).status, 200);
});

test("a client that may not read a conversation cannot change its queue, which the response shows", async () => {
  const authoriser = new Authoriser({ may: ({ action }) => action !== "read" }, silentLogger);
  await using http = await startHttp({ authoriser });
  assert.is((await http.ask("/conversations/c/stop", post)).status, 200);
  assert.is((await http.ask("/conversations/c/queue", { ...post, body: { text: "hi" } })).status, 403);
  assert.is((await http.ask("/conversations/c/queue/m", { method: "DELETE" })).status, 403);
});

test("an unknown refusal code counts as a mistake of the client", () => {
  assert.is(statusOf("unknown-model"), 400);
  assert.is(statusOf("toString"), 400);
  assert.is(statusOf("forbidden"), 403);
});

test.run();
