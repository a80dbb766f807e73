// Flags that change what the running command does: the older vocabulary of events, storage in memory only, and how much
// is logged. Each also has an environment variable.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask, historyOf, listOf, textsIn } from "../support/system-http.ts";
import { outlineOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("flags of the running command");

test("--event-profile core omits four event types before numbering, on sockets and in POST /chat", async () => {
  const server = await ServerProcess.start({ environment: { TURNWIRE_EVENT_PROFILE: "core" } });
  using client = await connect(server.wsUrl);
  client.send(playScript("core", { tokens: 3, tools: 1, reasoning: 8, delayMs: 150 }));
  await client.nextEvent("core", "reasoning-delta");
  client.send({ type: "chat.queue", conversationId: "core", text: "steer" });
  const turn = await untilSealed(client, "core");
  const core = [
    ...["turn-start", "reasoning-delta", "tool-call", "usage", "tool-result"],
    ...["text-delta", "usage", "done", "turn-sealed"],
  ];
  assert.equal(outlineOf(turn.events), core);
  const { firstSeq, cursor } = client.transcript("core");
  assert.equal([firstSeq, cursor?.seq], [1, 8 + 3 + 7], "numbers without gaps, for sent events only");
  const history = await historyOf(server, "core");
  assert.is(textsIn(history, "user").at(-1), "steer", "the conversation is still complete");
  const { type: _, ...body } = playScript("core", { tokens: 3 });
  const chat = await ask(server, "/chat", { method: "POST", body });
  const events = chat.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(outlineOf(events), ["turn-start", "text-delta", "usage", "done", "turn-sealed"]);
  await server.stop();
});

test("--data-dir :memory: writes no file", async () => {
  const home = temporaryDirectory();
  const environment = { HOME: home, XDG_DATA_HOME: join(home, "data") };
  const server = await ServerProcess.start({ dataDir: ":memory:", cwd: home, environment });
  using client = await connect(server.wsUrl);
  client.send(playScript("gone", { tokens: 3 }));
  await untilSealed(client, "gone");
  assert.is((await listOf(server)).length, 1);
  await server.stop();
  assert.equal(readdirSync(home), []);
});

test("without --data-dir, conversations are stored below the data home directory", async () => {
  const home = temporaryDirectory();
  const environment = { HOME: home, XDG_DATA_HOME: join(home, "data"), TURNWIRE_DATA_DIR: "" };
  const start = () => ServerProcess.start({ dataDir: undefined, cwd: home, environment });
  const first = await start();
  using client = await connect(first.wsUrl);
  client.send(playScript("kept", { tokens: 3 }));
  await untilSealed(client, "kept");
  await first.stop();
  assert.equal(readdirSync(home), ["data"]);
  assert.equal(readdirSync(join(home, "data", "turnwire")), ["turnwire.db"]);
  const second = await start();
  assert.equal(textsIn(await historyOf(second, "kept"), "assistant"), [scriptText(3)]);
  await second.stop();
});

test("--log-level sets how much is logged, down to nothing; no level logs what users write", async () => {
  const secret = "what-only-two-people-know";
  for (const [level, opens, accepts] of [
    ["silent", false, false],
    ["warn", false, false],
    ["info", false, true],
    ["trace", true, true],
  ] as const) {
    const server = await ServerProcess.start({ flags: ["--log-level", level] });
    using client = await connect(server.wsUrl);
    client.send({ type: "chat.send", conversationId: "c", message: secret });
    await client.nextEvent("c", "turn-start");
    client.send({ type: "chat.queue", conversationId: "c", text: secret });
    await untilSealed(client, "c");
    await client.close();
    await server.stop();
    const messages = server.log.map(({ msg }) => msg);
    assert.is(messages.includes("transport-ws: connection open"), opens, level);
    assert.is(messages.includes("transport-ws: chat.send accepted"), accepts, level);
    assert.not.ok(server.stderr.includes(secret), level);
    if (level === "silent") assert.is(server.stderr, "");
  }
});

test.run();
