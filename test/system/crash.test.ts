// kill -9 in the middle of everything, and the next start: nothing that was promised is lost, and nothing comes twice.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { type Client, connect } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { systemClock } from "../support/system-clock.ts";
import { ask, historyOf, statusOf, textsIn } from "../support/system-http.ts";
import { eventOf, playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("after kill -9");

const recovered = "orchestrator: a turn that a crash left open was sealed";

/** The server has run whatever was due when this was called: three requests, one after the other, take three loops. */
async function loopsOf(server: ServerProcess): Promise<void> {
  for (let count = 0; count < 3; count++) await statusOf(server, "a");
}

/**
 * Records when each piece of text arrives. The returned function gives the text up to a time before the kill, which
 * must be there after it.
 */
function watchText(client: Client): (beforeMs: number) => string {
  const pieces: { at: number; text: string }[] = [];
  client.socket.on("message", (data) => {
    const { event } = JSON.parse(String(data)) as { event?: { type?: string; delta?: string } };
    if (event?.type === "text-delta") pieces.push({ at: performance.now(), text: event.delta ?? "" });
  });
  return (beforeMs) =>
    pieces
      .filter(({ at }) => at <= beforeMs)
      .map(({ text }) => text)
      .join("");
}

/** The end reasons of a conversation's turns, from the database of a server that has ended. */
function reasonsIn(dataDir: string, conversationId: string): unknown[] {
  const store = openSqliteStore({ dataDir, clock: systemClock, logger: silentLogger, limits, durability: "normal" });
  try {
    return store.turns(conversationId).map(({ turn }) => turn.reason);
  } finally {
    store.close();
  }
}

test("a killed turn is sealed once, as interrupted, with all text up to 250 ms before the kill", async () => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir });
  using watcher = await connect(first.wsUrl);
  const textBefore = watchText(watcher);
  watcher.send(playScript("a", { tokens: 1_000, delayMs: 5, reasoning: 2, tools: 1 }));
  await watcher.nextEvent("a", (event) => String(event["delta"]).includes("w150 "));
  const ranUntil = performance.now();
  await loopsOf(first);
  await first.kill();
  await watcher.untilClosed();
  const seen = watcher.transcript("a").text;
  const promised = textBefore(ranUntil - limits.journalIntervalMs);
  assert.ok(promised.length > 100, `${promised.length} characters are too few to compare`);

  const second = await ServerProcess.start({ dataDir });
  await second.logged(recovered);
  assert.equal(await statusOf(second, "a"), { conversationId: "a", isActive: false, status: "idle" });
  const history = await historyOf(second, "a");
  assert.equal(
    history.chunks.map(({ role, chunk }) => `${role} ${chunk.type}`),
    ["user text", "assistant thinking", "assistant tool-call", "tool tool-result", "assistant text"],
  );
  const [kept = ""] = textsIn(history, "assistant");
  assert.ok(kept.startsWith(promised), `kept ${kept.length} of ${seen.length}, promised ${promised.length}`);
  assert.ok(scriptText(1_000).startsWith(kept), "no text twice, none out of order");
  await second.kill();

  const third = await ServerProcess.start({ dataDir });
  assert.equal(await historyOf(third, "a"), history);
  assert.not.ok(
    third.log.some(({ msg }) => msg === recovered),
    "a turn is recovered once",
  );
  await third.stop();
  assert.equal(reasonsIn(dataDir, "a"), ["interrupted"]);
});

test("queued texts survive and go out with the next text; a client that reconnects gets no stale events", async () => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir });
  using before = await connect(first.wsUrl);
  before.send({ type: "chat.send", conversationId: "q", message: "first ".repeat(500), workspaceId: "desk" });
  await before.nextEvent("q", "text-delta");
  before.send({ type: "subscribe", surfaceId: "message-queue", conversationId: "q" });
  for (const text of ["and then this", "and that"]) before.send({ type: "chat.queue", conversationId: "q", text });
  await before.next((message) => JSON.stringify(message["update"] ?? "").includes("and that"));
  const epoch = before.transcript("q").cursor?.epoch;
  await first.kill();

  const second = await ServerProcess.start({ dataDir });
  assert.equal(await statusOf(second, "q"), { conversationId: "q", isActive: false, status: "queued" });
  using client = await connect(second.wsUrl);
  client.send({ type: "chat.subscribe", conversationId: "q" });
  client.send({ type: "subscribe", surfaceId: "message-queue", conversationId: "q" });
  const { spec } = await client.next("surface");
  const texts = JSON.stringify(spec).match(/"text":"[^"]*"/g);
  assert.equal(texts, ['"text":"and then this"', '"text":"and that"']);
  await client.barrier();
  assert.equal(client.transcript("q").events, []);
  client.send({ type: "chat.send", conversationId: "q", message: "now go on" });
  const turn = await untilSealed(client, "q");
  assert.is(eventOf(turn, "user-message")["text"], "and then this\n\nand that\n\nnow go on");
  assert.is(turn.text, "and then this\n\nand that\n\nnow go on");
  assert.is(client.transcript("q").turns.length, 1, "no events of the interrupted turn");
  assert.is.not(client.transcript("q").cursor?.epoch, epoch, "the numbering is new");
  const history = await historyOf(second, "q");
  assert.equal(textsIn(history, "user").slice(1), ["and then this\n\nand that\n\nnow go on"]);
  assert.is((await ask(second, "/conversations?workspaceId=desk")).text.includes('"status":"idle"'), true);
  await second.stop();
  assert.equal(reasonsIn(dataDir, "q"), ["interrupted", "stop"]);
});

test("a kill before the first word keeps the question, and a kill after the seal keeps the answer", async () => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir });
  using client = await connect(first.wsUrl);
  client.send(playScript("sealed", { tokens: 200 }));
  const { latestSeq } = await client.nextEvent("sealed", "turn-sealed");
  client.send(playScript("asked", { tokens: 0, hang: true }));
  await client.nextEvent("asked", "turn-start");
  await first.kill();

  const second = await ServerProcess.start({ dataDir });
  await second.logged(recovered);
  const sealed = await historyOf(second, "sealed");
  assert.is(sealed.latestSeq, latestSeq);
  assert.equal(textsIn(sealed, "assistant"), [scriptText(200)]);
  const asked = await historyOf(second, "asked");
  assert.equal(
    asked.chunks.map(({ role }) => role),
    ["user"],
  );
  using again = await connect(second.wsUrl);
  again.send(playScript("asked", { tokens: 2 }));
  assert.is((await untilSealed(again, "asked")).text, scriptText(2), "the conversation continues");
  await second.stop();
  assert.equal(reasonsIn(dataDir, "sealed"), ["stop"]);
  assert.equal(reasonsIn(dataDir, "asked"), ["interrupted", "stop"]);
});

test("a server that is killed repeatedly in the middle of turns loses no sealed turn", async () => {
  const dataDir = temporaryDirectory();
  const rounds = 4;
  for (let round = 1; round <= rounds; round++) {
    const server = await ServerProcess.start({ dataDir });
    using client = await connect(server.wsUrl);
    client.send(playScript("again", { tokens: 20 }));
    await client.nextEvent("again", "turn-sealed");
    client.send(playScript("again", { tokens: 500, delayMs: 3 }));
    await client.nextEvent("again", (event) => String(event["delta"]).includes(`w${round * 20} `));
    await server.kill();
  }
  const last = await ServerProcess.start({ dataDir });
  const history = await historyOf(last, "again");
  await last.stop();
  assert.is(textsIn(history, "user").length, 2 * rounds);
  const whole = textsIn(history, "assistant").filter((text) => text === scriptText(20));
  assert.is(whole.length, rounds);
  assert.ok(textsIn(history, "assistant").every((text) => scriptText(500).startsWith(text)));
  assert.equal(reasonsIn(dataDir, "again"), Array.from({ length: rounds }, () => ["stop", "interrupted"]).flat());
});

test.run();
