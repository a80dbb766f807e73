// Idempotency keys on the whole server. They are stored in the same transaction as the turn, so that they still work
// after kill -9.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, connect, type Message } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { historyOf, textsIn } from "../support/system-http.ts";
import { playScript, untilSealed } from "../support/system-turns.ts";

const test = suite("idempotency keys in the store");

const v1 = { protocols: ["turnwire.v1"] };

async function ask(client: Client, request: Record<string, unknown>): Promise<Message> {
  client.send(request);
  return client.next({ type: "reply", id: request["id"] });
}

test("a request that is repeated after kill -9 gets its first answer, and starts no other turn", async () => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir });
  using before = await connect(first.wsUrl, v1);
  const send = { ...playScript("a", { tokens: 1_000, delayMs: 20 }), id: "send", idempotencyKey: "k" };
  const minted = { type: "chat.send", id: "minted", message: "hello there", idempotencyKey: "k" };
  const queue = { type: "chat.queue", id: "queue", conversationId: "a", text: "and then", idempotencyKey: "q" };
  const began = { type: "chat.queue", id: "began", conversationId: "b", text: "begin", idempotencyKey: "q" };
  const requests = [send, minted, queue, began];
  const answers: Message[] = [];
  for (const request of requests) answers.push(await ask(before, request));
  assert.equal(
    answers.map((answer) => Object.keys(answer).slice(3)),
    [
      ["conversationId", "turnId"],
      ["conversationId", "turnId"],
      ["conversationId", "startedTurn", "messageId"],
      ["conversationId", "startedTurn", "turnId"],
    ],
  );
  await before.nextEvent("a", "text-delta");
  await first.kill();

  const second = await ServerProcess.start({ dataDir });
  using after = await connect(second.wsUrl, v1);
  for (const [at, request] of requests.entries()) assert.equal(await ask(after, request), answers[at]);
  const conflict = await ask(after, { ...send, message: "another" });
  assert.match(JSON.stringify(conflict), /"code":"idempotency-conflict"/);
  const mintedId = String(answers[1]?.["conversationId"]);
  assert.equal(textsIn(await historyOf(second, mintedId), "user"), ["hello there"]);
  assert.equal(textsIn(await historyOf(second, "b"), "user"), ["begin"]);
  assert.is(textsIn(await historyOf(second, "a"), "user").length, 1);
  // The repeated request did not queue its text again.
  await ask(after, { type: "chat.send", id: "next", conversationId: "a", message: "next", model: "demo/echo" });
  assert.is((await untilSealed(after, "a")).text, "and then\n\nnext");
  await second.stop();
});

test("a refusal is not remembered", async () => {
  await using server = await ServerProcess.start();
  using client = await connect(server.wsUrl, v1);
  const request = { type: "chat.send", conversationId: "a", message: "x", idempotencyKey: "k" };
  const refused = await ask(client, { ...request, id: "1", model: "no/such" });
  assert.match(JSON.stringify(refused), /"code":"unknown-model"/);
  const accepted = await ask(client, { ...request, id: "2" });
  assert.is(accepted["ok"], true);
  await untilSealed(client, "a");
});

test.run();
