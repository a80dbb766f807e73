// A client names its text, and finds it again by that name: in the turn, in the history, after a crash. Clients without
// `turnwire.v1` see what they always saw (protocol 4.1).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, connect, type Message } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { historyOf } from "../support/system-http.ts";
import { eventOf, playScript, untilSealed } from "../support/system-turns.ts";

const test = suite("message ids");
const v1 = { protocols: ["turnwire.v1"] };
let requests = 0;

async function ask(client: Client, request: Record<string, unknown>): Promise<Message> {
  const id = `request ${++requests}`;
  client.send({ id, ...request });
  return client.next({ type: "reply", id });
}

const codeOf = (reply: Message): unknown => (reply["error"] as { code?: unknown } | undefined)?.code;
const echo = { type: "chat.send", model: "demo/echo" };

test("a text's id is on its event and in the history; a base socket beside sees the event without it", async () => {
  const server = await ServerProcess.start();
  using mine = await connect(server.wsUrl, v1);
  using base = await connect(server.wsUrl);
  using other = await connect(server.wsUrl, v1);
  for (const client of [base, other]) client.send({ type: "chat.subscribe", conversationId: "a" });
  await base.barrier();
  await other.next({ type: "chat.subscribed" });
  await ask(mine, { ...echo, conversationId: "a", message: "hello", clientMessageId: "m1" });
  for (const client of [mine, base, other]) await untilSealed(client, "a");
  const questionOf = (client: Client) => {
    const { turnId: _, ...question } = client.transcript("a").events.find(({ type }) => type === "user-message") ?? {};
    return question;
  };
  const plain = { type: "user-message", conversationId: "a", text: "hello" };
  assert.equal(questionOf(mine), { ...plain, messageId: "m1" });
  assert.equal(questionOf(other), { ...plain, messageId: "m1" });
  assert.equal(questionOf(base), plain);
  const [question] = (await historyOf(server, "a")).chunks;
  assert.is(question?.messageId, "m1");

  const again = { ...echo, conversationId: "a", message: "another", clientMessageId: "m1" };
  assert.is(codeOf(await ask(other, again)), "invalid-message");
  base.send({ ...again, message: "ignored field" });
  await base.nextEvent("a", (event) => event["text"] === "ignored field");
  await server.stop();
});

test("queued texts keep their ids in order, and a withdrawn one's id stays used", async () => {
  const server = await ServerProcess.start();
  using client = await connect(server.wsUrl, v1);
  await ask(client, { ...echo, conversationId: "a", message: "word ".repeat(400) });
  const queue = (text: string, clientMessageId: string) =>
    ask(client, { type: "chat.queue", conversationId: "a", text, clientMessageId });
  assert.is((await queue("one", "m1"))["messageId"], "m1");
  assert.is((await queue("two", "m2"))["messageId"], "m2");
  assert.is((await queue("gone", "m3"))["messageId"], "m3");
  await ask(client, { type: "chat.queue.cancel", conversationId: "a", messageId: "m3" });
  assert.is(codeOf(await queue("gone", "m3")), "invalid-message");
  await ask(client, { type: "chat.cancel", conversationId: "a" });
  const next = await client.nextEvent("a", (event) => String(event["text"]).includes("two"));
  assert.equal([next["messageId"], next["messageIds"]], ["m1", ["m1", "m2"]]);
  await server.stop();
});

test("POST queue takes a client's id too, and refuses one that was used", async () => {
  const server = await ServerProcess.start();
  const url = `${server.httpUrl}/conversations/a/queue`;
  const post = (body: object) => fetch(url, { method: "POST", body: JSON.stringify(body) });
  using client = await connect(server.wsUrl, v1);
  await ask(client, { ...echo, conversationId: "a", message: "word ".repeat(400) });
  const queued = await post({ text: "one", clientMessageId: "m1", id: 7, idempotencyKey: 7 });
  const { queue } = (await queued.json()) as { queue: { id: string }[] };
  assert.equal(
    queue.map(({ id }) => id),
    ["m1"],
  );
  const refused = await post({ text: "two", clientMessageId: "m1" });
  assert.is(refused.status, 400);
  assert.match(await refused.text(), /clientMessageId/);
  await ask(client, { type: "chat.cancel", conversationId: "a" });
  await server.stop();
});

test("steering tells which texts it handed over, and the stored text has the first one's id", async () => {
  const server = await ServerProcess.start();
  using client = await connect(server.wsUrl, v1);
  await ask(client, playScript("a", { tokens: 3, tools: 2, reasoning: 15, delayMs: 60 }));
  for (const text of ["m1", "m2"])
    await ask(client, { type: "chat.queue", conversationId: "a", text, clientMessageId: text });
  const turn = await untilSealed(client, "a");
  assert.equal(eventOf(turn, "steering")["messageIds"], ["m1", "m2"]);
  const { chunks } = await historyOf(server, "a");
  assert.is(chunks.find(({ chunk }) => chunk.text === "m1\n\nm2")?.messageId, "m1");
  await server.stop();
});

test("after kill -9 the history has the id, and it stays refused; an idempotent repeat is answered first", async () => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir });
  using before = await connect(first.wsUrl, v1);
  const script = { ...playScript("a", { tokens: 1_000, delayMs: 5 }), clientMessageId: "m1", idempotencyKey: "k1" };
  const accepted = await ask(before, script);
  await first.kill();
  const second = await ServerProcess.start({ dataDir });
  using after = await connect(second.wsUrl, v1);
  assert.is((await historyOf(second, "a")).chunks[0]?.messageId, "m1");
  assert.is((await ask(after, script))["turnId"], accepted["turnId"]);
  const { idempotencyKey: _, ...reused } = script;
  assert.is(codeOf(await ask(after, reused)), "invalid-message");
  await second.stop();
});

test.run();
