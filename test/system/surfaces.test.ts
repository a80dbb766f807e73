// The built-in surfaces over real sockets: what one client does takes effect, and the other clients see it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, connect, type Message } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { ask } from "../support/system-http.ts";
import { playScript, untilSealed } from "../support/system-turns.ts";

const test = suite("the built-in surfaces");

let server: ServerProcess;
test.before(async () => {
  server = await ServerProcess.start();
});
test.after(async () => {
  await server.stop();
});

type Field = Record<string, unknown>;

/** The fields of a `surface` or `update` by their labels. */
function fieldsIn(message: Message): Map<unknown, Field> {
  const holder = message.type === "update" ? message["update"] : message;
  const { spec } = holder as { spec: { fields: Field[] } };
  return new Map(spec.fields.map((field) => [field["label"], field]));
}

/**
 * Subscribes to a surface. Returns its first fields, and a function that waits for an update in which a field has a
 * value.
 */
async function look(client: Client, surfaceId: string, conversationId?: string) {
  client.send({ type: "subscribe", surfaceId, ...(conversationId !== undefined && { conversationId }) });
  const isIts = (message: Message): boolean =>
    message.type === "update" &&
    (message["update"] as { surfaceId: unknown; conversationId?: unknown }).surfaceId === surfaceId &&
    (message["update"] as { conversationId?: unknown }).conversationId === conversationId;
  const first = fieldsIn(await client.next("surface"));
  const until = async (label: string, value: unknown) =>
    fieldsIn(await client.next((message) => isIts(message) && fieldsIn(message).get(label)?.["value"] === value));
  return { first, until };
}

test("the catalog names the three surfaces", async () => {
  using client = await connect(server.wsUrl);
  const { catalog } = await client.next("catalog");
  assert.equal((catalog as { id: string }[]).map(({ id }) => id).sort(), ["conversation", "gateway", "message-queue"]);
});

test("a conversation's model and effort, chosen in one client, are shown in the other and used", async () => {
  using one = await connect(server.wsUrl);
  using other = await connect(server.wsUrl);
  const first = await look(one, "conversation", "chosen");
  const second = await look(other, "conversation", "chosen");
  const model = first.first.get("Model");
  assert.is(model?.["kind"], "selector");
  assert.is(model?.["value"], "demo/echo");
  const known = ["demo/echo", "demo/tools", "demo/script"];
  assert.equal(
    model?.["options"],
    known.map((value) => ({ value, label: value })),
  );
  const invoke = { type: "invoke", surfaceId: "conversation", conversationId: "chosen" };
  one.send({ ...invoke, actionId: "set-model", payload: { value: "demo/tools" } });
  await second.until("Model", "demo/tools");
  other.send({ ...invoke, actionId: "set-reasoning-effort", payload: { value: "max" } });
  await first.until("Effort", "max");
  assert.equal((await ask(server, "/conversations/chosen/model")).json, {
    conversationId: "chosen",
    model: "demo/tools",
  });
  assert.is(((await ask(server, "/conversations/chosen/reasoning-effort")).json as Field)["reasoningEffort"], "max");
  one.send({ type: "chat.send", conversationId: "chosen", message: "2 + 2" });
  assert.match((await untilSealed(one, "chosen")).text, /2 \+ 2 = 4\./);
  await ask(server, "/conversations/chosen/model", { method: "PUT", body: { model: "demo/echo" } });
  await second.until("Model", "demo/echo");
  one.send({ ...invoke, actionId: "set-model", payload: { value: "nobody/knows" } });
  const error = await one.next("error");
  assert.equal([error["surfaceId"], error["conversationId"]], ["conversation", "chosen"]);
  assert.match(String(error["message"]), /"nobody\/knows" is not known here/);
});

test("the conversation's state follows the turn, and its stop button stops the turn", async () => {
  using asker = await connect(server.wsUrl);
  using viewer = await connect(server.wsUrl);
  const view = await look(viewer, "conversation", "watched");
  assert.is(view.first.get("State")?.["value"], "idle");
  assert.not.ok(view.first.has("Stop"), "there is nothing to stop");
  asker.send(playScript("watched", { reasoning: 20, tokens: 10, delayMs: 20, hang: true }));
  await view.until("State", "thinking");
  const writing = await view.until("State", "writing");
  assert.equal(writing.get("Stop"), { kind: "button", label: "Stop", action: { actionId: "stop" } });
  viewer.send({ type: "invoke", surfaceId: "conversation", actionId: "stop", conversationId: "watched" });
  assert.is((await untilSealed(asker, "watched")).reason, "aborted");
  assert.not.ok((await view.until("State", "idle")).has("Stop"));
});

test("the message queue is shown as protocol 1.2 says, and is empty when no text is queued", async () => {
  using client = await connect(server.wsUrl);
  client.send({ type: "subscribe", surfaceId: "message-queue", conversationId: "empty" });
  assert.equal(await client.next("surface"), {
    type: "surface",
    spec: {
      id: "message-queue",
      region: "conversation",
      title: "Queue",
      fields: [{ kind: "custom", rendererId: "message-queue", payload: { messages: [] } }],
    },
    conversationId: "empty",
  });
});

test("the gateway's toggle refuses new turns of every kind, lets running ones end, and can be reversed", async () => {
  using one = await connect(server.wsUrl);
  using other = await connect(server.wsUrl);
  const view = await look(other, "gateway");
  assert.is(view.first.get("Refuse new turns")?.["value"], false);
  one.send(playScript("running", { tokens: 30, delayMs: 30 }));
  await one.nextEvent("running", "text-delta");
  const toggle = { type: "invoke", surfaceId: "gateway", actionId: "set-refuses-turns" };
  one.send({ ...toggle, payload: { value: true } });
  await view.until("Refuse new turns", true);
  const message = "this server takes no new turns at the moment";
  one.send({ type: "chat.send", conversationId: "refused", message: "hello" });
  assert.equal(await one.next("chat.error"), { type: "chat.error", conversationId: "refused", message });
  one.send({ type: "chat.queue", conversationId: "refused", text: "hello" });
  assert.equal(await one.next("chat.error"), { type: "chat.error", conversationId: "refused", message });
  const chat = await ask(server, "/chat", { method: "POST", body: { conversationId: "refused", message: "hello" } });
  assert.equal([chat.status, chat.json], [503, { error: message }]);
  assert.ok(Number(chat.headers.get("retry-after")) > 0);
  one.send({ type: "chat.queue", conversationId: "running", text: '{"tokens":2}' });
  assert.is((await untilSealed(one, "running")).reason, "stop", "the running turn is not touched");
  await one.next({ type: "conversation.statusChanged", conversationId: "running", status: "queued" });
  one.send({ ...toggle, payload: { value: false } });
  await view.until("Refuse new turns", false);
  one.send({ type: "chat.send", conversationId: "refused", message: "hello" });
  assert.is((await untilSealed(one, "refused")).text, "hello");
});

test("the gateway shows its sockets and turns", async () => {
  using viewer = await connect(server.wsUrl);
  const view = await look(viewer, "gateway");
  assert.is(view.first.get("Sockets")?.["kind"], "stat");
  using asker = await connect(server.wsUrl);
  asker.send(playScript("counted", { tokens: 1, hang: true }));
  const during = await view.until("Running turns", "1");
  assert.match(String(during.get("Sockets")?.["value"]), /^[1-9]\d*$/);
  asker.send({ type: "chat.cancel", conversationId: "counted" });
  await view.until("Running turns", "0");
});

test.run();
