// Compaction over HTTP (protocol 3), with a slow model endpoint: what may happen meanwhile, the broadcast to every
// socket, the two histories afterwards, and what is left after a failure.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../support/client.ts";
import { answer, ending, type OpenAiEndpoint, openAiEndpoint, type Reply } from "../support/openai-endpoint.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask, compactedSchema, historyOf, listOf, read, statusOf, textsIn } from "../support/system-http.ts";
import { untilSealed } from "../support/system-turns.ts";

const test = suite("compaction over HTTP");

const dataDir = temporaryDirectory();
let endpoint: OpenAiEndpoint;
let server: ServerProcess;
test.before(async () => {
  endpoint = await openAiEndpoint();
  const environment = { TURNWIRE_BASE_URL: endpoint.baseUrl, TURNWIRE_MODEL: "small" };
  server = await ServerProcess.start({ dataDir, environment });
});
test.before.each(() => {
  endpoint.requests.length = 0;
});
test.after(async () => {
  await server.stop();
  await endpoint.close();
});

/** Slow enough for what the test does meanwhile, also on a busy machine. */
const slowSummary: Reply = { stream: [{ text: "They " }, { delayMs: 2_500 }, { text: "talked." }, ...ending("stop")] };

/** Creates a conversation of this many turns with demo/echo, then switches it to the endpoint's model. */
async function talk(conversationId: string, turns: number): Promise<void> {
  using client = await connect(server.wsUrl);
  for (let turn = 1; turn <= turns; turn++) {
    client.send({ type: "chat.send", conversationId, message: `message ${turn}`, model: "demo/echo" });
    await untilSealed(client, conversationId);
  }
  await ask(server, `/conversations/${conversationId}/model`, { method: "PUT", body: { model: "openai/small" } });
}

const compact = (conversationId: string) =>
  read(server, `/conversations/${conversationId}/compact`, compactedSchema, { method: "POST" });

test("compaction keeps id and cursors, archives the history, renumbers the rest and tells every socket", async () => {
  await talk("long", 6);
  await ask(server, "/conversations/long/title", { method: "PUT", body: { title: "A long one" } });
  using client = await connect(server.wsUrl);
  using other = await connect(server.httpUrl.replace("http:", "ws:"));
  endpoint.reply(answer("Seven."));
  client.send({ type: "chat.send", conversationId: "long", message: "message 7" });
  await untilSealed(client, "long");
  const before = await historyOf(server, "long");
  assert.is(before.latestSeq, 14);
  const cursor = client.transcript("long").cursor;

  endpoint.reply(slowSummary, answer("Going on."));
  const compacting = compact("long");
  const { body } = await endpoint.request(1);
  const asked = String(body.messages[0]?.content);
  assert.match(asked, /User: message 1\n\nAssistant: message 1\n\nUser: message 2\n\nAssistant: message 2$/);
  assert.is(
    (await ask(server, "/conversations/long/compact", { method: "POST" })).status,
    409,
    "a second compaction meanwhile",
  );
  client.send({ type: "chat.send", conversationId: "long", message: "refused" });
  assert.is((await client.next("chat.error"))["message"], "a turn is already generating for this conversation");
  client.send({ type: "chat.queue", conversationId: "long", text: "after all that" });
  const compacted = await compacting;
  const { newConversationId } = compacted;
  const figures = { messagesSummarized: 4, messagesKept: 10 };
  assert.equal(compacted, { conversationId: "long", newConversationId, ...figures });
  for (const socket of [client, other])
    assert.equal(await socket.next("conversation.compacted"), { type: "conversation.compacted", ...compacted });

  const turn = await untilSealed(client, "long");
  assert.is(turn.text, "Going on.", "the queued text opens the next turn");
  const told = (await endpoint.request(2)).body.messages;
  assert.match(String(told[0]?.content), /They talked\./, "the model reads the summary");
  assert.is(told.length, 10 + 1, "it stands in the first of the ten that were kept, a user's");
  const after = client.transcript("long").cursor;
  assert.is(after?.epoch, cursor?.epoch, "the numbering of live events continues");
  assert.ok(after !== undefined && cursor !== undefined && after.seq > cursor.seq);

  assert.equal(await historyOf(server, newConversationId), before, "the archive has everything, with the old seqs");
  const { chunks } = await historyOf(server, "long");
  assert.equal(chunks[0], { seq: 1, role: "system", chunk: { type: "system", text: "They talked." } });
  assert.equal(
    chunks.slice(1, 11).map(({ seq, role, chunk, turnId }) => [seq, role, chunk.text, turnId]),
    before.chunks.slice(4).map(({ seq, role, chunk, turnId }) => [seq - 3, role, chunk.text, turnId]),
  );
  assert.equal(
    chunks.slice(11).map(({ seq, role, chunk }) => [seq, role, chunk.text]),
    [
      [12, "user", "after all that"],
      [13, "assistant", "Going on."],
    ],
  );
  const row = (await listOf(server)).find(({ id }) => id === "long");
  assert.equal([row?.compactedFrom, row?.title, row?.status], [newConversationId, "A long one", "idle"]);
});

test("a failed compaction changes nothing and says why, and a text queued meanwhile is answered", async () => {
  await talk("failing", 6);
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.subscribe", conversationId: "failing" });
  const before = await historyOf(server, "failing");
  endpoint.reply(
    { stream: [{ delayMs: 1_500 }, { error: { message: "out of thoughts", code: 400 } }] },
    answer("Yes."),
  );
  const compacting = ask(server, "/conversations/failing/compact", { method: "POST" });
  await endpoint.request(0);
  client.send({ type: "chat.queue", conversationId: "failing", text: "still there?" });
  const failed = await compacting;
  assert.is(failed.status, 500);
  assert.match(failed.text, /nothing was compacted: .*out of thoughts/);
  assert.is((await untilSealed(client, "failing")).text, "Yes.");
  const { chunks } = await historyOf(server, "failing");
  assert.equal(chunks.slice(0, before.chunks.length), before.chunks);
  assert.not.ok(client.received.some(({ type }) => type === "conversation.compacted"));
  assert.not.ok((await listOf(server)).some((row) => row.id === "failing" && row.compactedFrom !== undefined));
});

test("compaction is refused for an unknown or busy conversation, and summarises nothing of a short one", async () => {
  assert.is((await ask(server, "/conversations/nobody/compact", { method: "POST" })).status, 404);
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", conversationId: "busy", message: "word ".repeat(200), model: "demo/echo" });
  await client.nextEvent("busy", "text-delta");
  assert.is((await ask(server, "/conversations/busy/compact", { method: "POST" })).status, 409);
  client.send({ type: "chat.cancel", conversationId: "busy" });
  await untilSealed(client, "busy");
  const { newConversationId, ...figures } = await compact("busy");
  assert.equal(figures, { conversationId: "busy", messagesSummarized: 0, messagesKept: 2 });
  assert.is((await historyOf(server, newConversationId)).latestSeq, 2);
  assert.equal(textsIn(await historyOf(server, "busy"), "user"), ["word ".repeat(200)]);
  assert.is(endpoint.requests.length, 0, "with nothing to summarise, the model is not asked");
});

test("a server stop during a compaction answers its request, keeps the queued text, and changes nothing", async () => {
  await talk("stopped", 6);
  using client = await connect(server.wsUrl);
  const before = await historyOf(server, "stopped");
  endpoint.reply({ stream: [{ text: "They " }, { hang: true }] });
  const compacting = ask(server, "/conversations/stopped/compact", { method: "POST" });
  const request = await endpoint.request(0);
  client.send({ type: "chat.queue", conversationId: "stopped", text: "for later" });
  await client.barrier();
  assert.equal(await historyOf(server, "stopped"), before);
  assert.is((await statusOf(server, "stopped")).isActive, false);
  server.signal("SIGTERM");
  await client.next("server.draining");
  server.signal("SIGTERM");
  const stopped = await compacting;
  assert.is(stopped.status, 503);
  assert.match(stopped.text, /the server stops/);
  await request.ended;
  assert.is(request.aborted, true);
  assert.is((await server.untilExit()).code, 0);
  server = await ServerProcess.start({ dataDir });
  assert.equal(await historyOf(server, "stopped"), before);
  assert.is((await statusOf(server, "stopped")).status, "queued");
});

test.run();
