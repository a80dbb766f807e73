// Queue and steering over the wire (protocol 1.5.6). A text that is sent while a turn runs waits in the queue, is
// shown, and can be withdrawn. It reaches the model at a tool boundary, or opens the next turn.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type Client, connect, type Message } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { ask, enqueuedSchema, historyOf, read, statusOf, textsIn } from "../support/system-http.ts";
import { eventOf, outlineOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("queue and steering over the wire");

let server: ServerProcess;
test.before(async () => {
  server = await ServerProcess.start();
});
test.after(async () => {
  await server.stop();
});

const queueSpec = v.object({
  id: v.literal("message-queue"),
  fields: v.tuple([
    v.strictObject({
      kind: v.literal("custom"),
      rendererId: v.literal("message-queue"),
      payload: v.strictObject({
        messages: v.array(v.strictObject({ id: v.string(), text: v.string(), queuedAt: v.number() })),
      }),
    }),
  ]),
});

const messagesIn = (spec: unknown) => v.parse(queueSpec, spec).fields[0].payload.messages;

/**
 * Subscribes to the queue's surface. The returned function waits until exactly these texts are shown, and gives their
 * ids.
 */
async function watchQueue(client: Client, conversationId: string): Promise<(texts: string[]) => Promise<string[]>> {
  client.send({ type: "subscribe", surfaceId: "message-queue", conversationId });
  await client.next((message) => message.type === "surface" && message["conversationId"] === conversationId);
  return async (texts) => {
    const shows = (message: Message): boolean => {
      const update = v.safeParse(
        v.object({ conversationId: v.literal(conversationId), spec: queueSpec }),
        message["update"],
      );
      return (
        update.success &&
        messagesIn(update.output.spec)
          .map(({ text }) => text)
          .join() === texts.join()
      );
    };
    const { update } = await client.next(shows);
    return messagesIn((update as { spec: unknown }).spec).map(({ id }) => id);
  };
}

const longEcho = (conversationId: string) => ({
  type: "chat.send",
  conversationId,
  message: "word ".repeat(400),
  model: "demo/echo",
});

test("a text queued while a turn runs waits silently, is shown, and is withdrawn by its id", async () => {
  using asker = await connect(server.wsUrl);
  using other = await connect(server.wsUrl);
  using viewer = await connect(server.wsUrl);
  asker.send(longEcho("silent"));
  await asker.nextEvent("silent", "text-delta");
  const shown = await watchQueue(viewer, "silent");
  other.send({ type: "chat.queue", conversationId: "silent", text: "wait for me" });
  const [messageId] = await shown(["wait for me"]);
  await other.barrier();
  assert.equal(
    other.received.filter(({ type }) => !["catalog", "conversation.statusChanged", "pong"].includes(type)),
    [],
    "the sender receives nothing and is not subscribed",
  );
  other.send({ type: "chat.queue.cancel", conversationId: "silent", messageId: "unknown" });
  other.send({ type: "chat.queue.cancel", conversationId: "silent", messageId });
  await shown([]);
  asker.send({ type: "chat.cancel", conversationId: "silent" });
  await untilSealed(asker, "silent");
  await viewer.next({ type: "conversation.statusChanged", conversationId: "silent", status: "idle" });
  assert.is(textsIn(await historyOf(server, "silent"), "user").length, 1, "a withdrawn text is never sent");
});

test("a text queued when no turn runs starts one and subscribes the sender", async () => {
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.queue", conversationId: "at once", text: "nobody was talking" });
  assert.is((await untilSealed(client, "at once")).text, "nobody was talking");
});

test("texts queued at a turn's end open the next one, joined by blank lines, and the status stays active", async () => {
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", conversationId: "carried", message: "one two three four five six seven eight" });
  await client.nextEvent("carried", "text-delta");
  client.send({ type: "chat.queue", conversationId: "carried", text: "then this" });
  client.send({ type: "chat.queue", conversationId: "carried", text: "and that" });
  assert.is((await untilSealed(client, "carried")).reason, "stop");
  const next = await untilSealed(client, "carried");
  assert.is(eventOf(next, "user-message")["text"], "then this\n\nand that");
  assert.is(next.text, "then this\n\nand that");
  await client.next({ type: "conversation.statusChanged", conversationId: "carried", status: "idle" });
  const statuses = client.received.filter(({ type }) => type === "conversation.statusChanged");
  assert.equal(
    statuses.map(({ status }) => status),
    ["active", "idle"],
  );
  const { cursor, turns } = client.transcript("carried");
  assert.is(turns.length, 2);
  assert.ok(cursor !== undefined && cursor.seq > 16, "one numbering covers both turns");
});

test("texts queued before a tool boundary reach the model there, as one steering event and a user chunk", async () => {
  using client = await connect(server.wsUrl);
  client.send(playScript("steered", { tokens: 3, tools: 2, reasoning: 15, delayMs: 60 }));
  await client.nextEvent("steered", "reasoning-delta");
  const shown = await watchQueue(client, "steered");
  client.send({ type: "chat.queue", conversationId: "steered", text: "mind the gap" });
  client.send({ type: "chat.queue", conversationId: "steered", text: "and the step" });
  await shown(["mind the gap", "and the step"]);
  const turn = await untilSealed(client, "steered");
  const toolStep = ["tool-call", "usage", "tool-result", "step-complete"];
  assert.equal(outlineOf(turn.events), [
    ...["user-message", "turn-start", "reasoning-delta", ...toolStep, "steering", ...toolStep],
    ...["text-delta", "usage", "step-complete", "done", "turn-sealed"],
  ]);
  assert.is(eventOf(turn, "steering")["text"], "mind the gap\n\nand the step");
  assert.is(turn.text, scriptText(3));
  await shown([]);
  const { chunks } = await historyOf(server, "steered");
  const at = chunks.findIndex(({ chunk }) => chunk.text === "mind the gap\n\nand the step");
  assert.equal(
    chunks.slice(at - 1, at + 2).map(({ role, chunk }) => `${role} ${chunk.type}`),
    ["tool tool-result", "user text", "assistant tool-call"],
  );
  await client.next({ type: "conversation.statusChanged", conversationId: "steered", status: "idle" });
});

test("stop keeps queued texts, which open the next turn; close discards them", async () => {
  using client = await connect(server.wsUrl);
  for (const conversationId of ["stopped", "closed"]) {
    client.send(longEcho(conversationId));
    await client.nextEvent(conversationId, "text-delta");
    client.send({ type: "chat.queue", conversationId, text: "kept or not" });
  }
  await client.barrier();
  const stop = await ask(server, "/conversations/stopped/stop", { method: "POST" });
  assert.equal(stop.json, { conversationId: "stopped", abortedTurn: true });
  assert.is((await untilSealed(client, "stopped")).reason, "aborted");
  assert.is((await untilSealed(client, "stopped")).text, "kept or not");

  const shown = await watchQueue(client, "closed");
  const close = await ask(server, "/conversations/closed/close", { method: "POST" });
  assert.equal(close.json, { conversationId: "closed", abortedTurn: true });
  await shown([]);
  assert.is((await untilSealed(client, "closed")).reason, "aborted");
  await client.next({ type: "conversation.statusChanged", conversationId: "closed", status: "closed" });
  assert.equal(await statusOf(server, "closed"), { conversationId: "closed", isActive: false, status: "closed" });
  client.send({ type: "chat.send", conversationId: "closed", message: "open again" });
  assert.is((await untilSealed(client, "closed")).text, "open again", "without the discarded text");
  await client.next({ type: "conversation.statusChanged", conversationId: "closed", status: "idle" });
});

test("the queue over HTTP is the same queue", async () => {
  using client = await connect(server.wsUrl);
  client.send(longEcho("over http"));
  await client.nextEvent("over http", "text-delta");
  const path = `/conversations/${encodeURIComponent("over http")}/queue`;
  const enqueue = (text: string) => read(server, path, enqueuedSchema, { method: "POST", body: { text } });
  await enqueue("first");
  const { startedTurn, queue } = await enqueue("second");
  assert.is(startedTurn, false);
  assert.equal(
    queue.map(({ text }) => text),
    ["first", "second"],
  );
  const withdrawn = await ask(server, `${path}/${queue[0]?.id}`, { method: "DELETE" });
  assert.equal(withdrawn.json, { conversationId: "over http", cancelled: true, queue: queue.slice(1) });
  client.send({ type: "chat.cancel", conversationId: "over http" });
  await untilSealed(client, "over http");
  assert.is((await untilSealed(client, "over http")).text, "second");
  const started = await read(server, path, enqueuedSchema, { method: "POST", body: { text: "third" } });
  assert.equal([started.startedTurn, started.queue], [true, []]);
  assert.is((await untilSealed(client, "over http")).text, "third");
});

test("a queue takes ten texts and no more, and says so", async () => {
  using client = await connect(server.wsUrl);
  client.send(longEcho("full"));
  await client.nextEvent("full", "text-delta");
  for (let count = 1; count <= 11; count++)
    client.send({ type: "chat.queue", conversationId: "full", text: `text ${count}` });
  assert.equal(await client.next("chat.error"), {
    type: "chat.error",
    conversationId: "full",
    message: "at most 10 texts may wait in a conversation",
  });
  await ask(server, "/conversations/full/close", { method: "POST" });
  await untilSealed(client, "full");
});

test.run();
