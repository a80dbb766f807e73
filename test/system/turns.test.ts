// A turn over real sockets, in the order of protocol 1.3, for the client that asked, one that joins late and one that
// disconnects. Then what is still there after a restart.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask, historyOf, listOf, metricsOf, statusOf, textsIn } from "../support/system-http.ts";
import { eventOf, outlineOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("turns over the wire");

const dataDir = temporaryDirectory();
let server: ServerProcess;

test.before(async () => {
  server = await ServerProcess.start({ dataDir });
});

test.after(async () => {
  await server.stop();
});

const ending = ["usage", "step-complete", "done", "turn-sealed"];

test("demo/echo returns the prompt, with events in the order of the contract", async () => {
  using client = await connect(server.wsUrl);
  assert.is((await client.nextAny()).type, "catalog", "the catalog comes first");
  const message = "keep  what I say,\nword by word ";
  client.send({ type: "chat.send", conversationId: "echo", message, model: "demo/echo" });
  const turn = await untilSealed(client, "echo");
  assert.equal(outlineOf(turn.events), ["user-message", "turn-start", "text-delta", ...ending]);
  assert.is(eventOf(turn, "user-message")["text"], message);
  assert.is(turn.text, message);
  assert.is(turn.reason, "stop");
  const { firstSeq, cursor } = client.transcript("echo");
  assert.is(firstSeq, 1);
  assert.is(cursor?.seq, 2 + message.split(/\s+/).filter(Boolean).length + ending.length, "a number for every event");
  const history = await historyOf(server, "echo");
  assert.equal(textsIn(history, "user"), [message]);
  assert.equal(textsIn(history, "assistant"), [message]);
  assert.is(eventOf(turn, "turn-sealed")["latestSeq"], history.latestSeq);
  assert.is(client.binaryFrames, 0);
});

test("demo/tools calls its tools, each call before its result, and answers from them", async () => {
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", conversationId: "tools", message: "What is 6 * 7?", model: "demo/tools" });
  const turn = await untilSealed(client, "tools");
  assert.equal(outlineOf(turn.events), [
    ...["user-message", "turn-start", "reasoning-delta"],
    ...["tool-call", "tool-call", "usage", "tool-result", "tool-result", "step-complete"],
    ...["text-delta", ...ending],
  ]);
  const of = (type: string) => turn.events.filter((event) => event.type === type);
  assert.equal(
    of("tool-result").map(({ toolCallId }) => toolCallId),
    of("tool-call").map(({ toolCallId }) => toolCallId),
  );
  assert.match(turn.text, /It is .*\. 6 \* 7 = 42\.$/);
  const { chunks } = await historyOf(server, "tools");
  assert.equal(
    chunks.map(({ role, chunk }) => `${role} ${chunk.type}`),
    [
      ...["user text", "assistant thinking", "assistant tool-call", "assistant tool-call"],
      ...["tool tool-result", "tool tool-result", "assistant text"],
    ],
  );
});

test("demo/script plays reasoning, tools, text and a failure as scripted; a failed turn is sealed too", async () => {
  using client = await connect(server.wsUrl);
  client.send(playScript("script", { tokens: 5, reasoning: 3, tools: 2 }));
  const played = await untilSealed(client, "script");
  const toolStep = ["tool-call", "usage", "tool-result", "step-complete"];
  assert.equal(outlineOf(played.events), [
    ...["user-message", "turn-start", "reasoning-delta"],
    ...[...toolStep, ...toolStep],
    ...["text-delta", ...ending],
  ]);
  assert.is(played.text, scriptText(5));
  assert.is(played.reasoning, "r0 r1 r2 ");
  client.send(playScript("script", { tokens: 5, failAfter: 2 }));
  const failed = await untilSealed(client, "script");
  assert.equal(outlineOf(failed.events), ["user-message", "turn-start", "text-delta", "error", "done", "turn-sealed"]);
  assert.is(failed.reason, "error");
  assert.is(failed.text, scriptText(2));
  const history = await historyOf(server, "script");
  assert.is(eventOf(failed, "turn-sealed")["latestSeq"], history.latestSeq);
  assert.equal(
    history.chunks.slice(-2).map(({ chunk }) => chunk.type),
    ["text", "error"],
  );
});

test("a chat.send without a conversation gets a new one, whose id its events carry", async () => {
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", message: "hello there", workspaceId: "desk" });
  const { event } = await client.next("chat.delta");
  const { conversationId = "" } = event as { conversationId?: string };
  assert.match(conversationId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const turn = await untilSealed(client, conversationId);
  assert.is(turn.text, "hello there");
  const [row] = await listOf(server, `?q=${conversationId.slice(0, 8)}`);
  assert.is(row?.title, "hello there");
  assert.is(row?.workspaceId, "desk");
});

test("a client that joins mid-turn ends with the same text, and a killed socket does not end the turn", async () => {
  const tokens = 60;
  using first = await connect(server.wsUrl);
  using second = await connect(server.httpUrl.replace("http:", "ws:"));
  first.send(playScript("shared", { tokens, delayMs: 25, reasoning: 2 }));
  await first.nextEvent("shared", (event) => String(event["delta"]).startsWith("w9 "));
  second.send({ type: "chat.subscribe", conversationId: "shared" });
  await second.nextEvent("shared", (event) => String(event["delta"]).includes("w12 "));
  first.kill();
  assert.equal(await statusOf(server, "shared"), { conversationId: "shared", isActive: true, status: "active" });
  const turn = await untilSealed(second, "shared");
  assert.equal(outlineOf(turn.events).slice(0, 3), ["user-message", "turn-start", "reasoning-delta"]);
  assert.is(turn.text, scriptText(tokens));
  assert.is(turn.reason, "stop");
  const seen = first.transcript("shared");
  assert.ok(seen.text.length > 0 && turn.text.startsWith(seen.text));
  assert.is(seen.cursor?.epoch, second.transcript("shared").cursor?.epoch, "both have the same numbering");
  const history = await historyOf(server, "shared");
  assert.equal(textsIn(history, "assistant"), [turn.text]);
  assert.is(eventOf(turn, "turn-sealed")["latestSeq"], history.latestSeq);
});

test("a turn that nobody watches any more is finished and stored", async () => {
  using bystander = await connect(server.wsUrl);
  const asker = await connect(server.wsUrl);
  asker.send(playScript("alone", { tokens: 20, delayMs: 20 }));
  await asker.nextEvent("alone", "text-delta");
  asker.kill();
  await bystander.next({ type: "conversation.statusChanged", conversationId: "alone", status: "idle" });
  assert.equal(textsIn(await historyOf(server, "alone"), "assistant"), [scriptText(20)]);
  assert.equal(bystander.transcript("alone").events, [], "all clients get broadcasts, only watchers get events");
});

test("a second turn of a conversation is refused while one runs, and its sender watches the first", async () => {
  using asker = await connect(server.wsUrl);
  using other = await connect(server.wsUrl);
  asker.send(playScript("one", { tokens: 20, delayMs: 25 }));
  await asker.nextEvent("one", "text-delta");
  other.send({ type: "chat.send", conversationId: "one", message: "me too" });
  assert.equal(await other.next("chat.error"), {
    type: "chat.error",
    conversationId: "one",
    message: "a turn is already generating for this conversation",
  });
  assert.is((await untilSealed(other, "one")).text, scriptText(20));
  assert.equal(textsIn(await historyOf(server, "one"), "user").length, 1);
});

test("chat.cancel ends the turn as aborted, from any socket, with its partial text stored", async () => {
  using asker = await connect(server.wsUrl);
  using other = await connect(server.wsUrl);
  asker.send(playScript("cancelled", { tokens: 10, hang: true }));
  const { turnId } = await asker.nextEvent("cancelled", (event) => String(event["delta"]).includes("w9 "));
  other.send({ type: "chat.cancel", conversationId: "cancelled", turnId: "another" });
  await other.barrier();
  assert.is((await statusOf(server, "cancelled")).isActive, true);
  other.send({ type: "chat.cancel", conversationId: "cancelled", turnId });
  const turn = await untilSealed(asker, "cancelled");
  assert.is(turn.reason, "aborted");
  assert.equal(outlineOf(turn.events).slice(-3), ["text-delta", "done", "turn-sealed"]);
  assert.equal(textsIn(await historyOf(server, "cancelled"), "assistant"), [scriptText(10)]);
});

test("a restart on the same directory shows the same history, titles, metrics and settings", async () => {
  await ask(server, "/conversations/echo/title", { method: "PUT", body: { title: "What I said" } });
  await ask(server, "/conversations/echo/model", { method: "PUT", body: { model: "demo/tools" } });
  await ask(server, "/conversations/echo/reasoning-effort", { method: "PUT", body: { reasoningEffort: "high" } });
  await ask(server, "/conversations/one/close", { method: "POST" });
  const look = async () => {
    const conversations = await listOf(server);
    const each = conversations.map(async ({ id }) => ({
      history: await historyOf(server, id),
      metrics: await metricsOf(server, id),
      title: (await ask(server, `/conversations/${id}/title`)).json,
      model: (await ask(server, `/conversations/${id}/model`)).json,
      effort: (await ask(server, `/conversations/${id}/reasoning-effort`)).json,
      last: (await ask(server, `/conversations/${id}/last`)).json,
    }));
    return { conversations, each: await Promise.all(each), models: (await ask(server, "/models")).json };
  };
  const before = await look();
  assert.is(before.conversations.length, 8);
  assert.ok(before.each.every(({ metrics, history }) => metrics.length > 0 && history.latestSeq > 1));
  const renamed = before.conversations.find(({ id }) => id === "echo");
  assert.is(renamed?.title, "What I said");
  await server.stop();
  for (const ending of ["-wal", "-shm"]) {
    assert.not.ok(existsSync(join(dataDir, `turnwire.db${ending}`)), "a planned stop leaves one file");
    rmSync(join(dataDir, `turnwire.db${ending}`), { force: true });
  }
  server = await ServerProcess.start({ dataDir });
  assert.equal(await look(), before);
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", conversationId: "echo", message: "1 + 1" });
  const turn = await untilSealed(client, "echo");
  assert.match(turn.text, /1 \+ 1 = 2\./, "the conversation's model answers");
  assert.is(eventOf(turn, "turn-sealed")["latestSeq"], (await historyOf(server, "echo")).latestSeq);
});

test.run();
