// After a crash, every open turn is sealed once as interrupted, with the content of its journal, and queues are kept.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type JournalPart, type Store, StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { within } from "../support/deadline.ts";
import { failingStore, memoryStore, openFixture, Puppet, settle } from "../support/orchestrator-fixture.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { began, created, queued, said } from "../support/store-rows.ts";

const test = suite("recovery");

/** Leaves a turn in the store as a crash would. */
function crash(store: Store, journal: JournalPart[], conversationId = "c"): void {
  const turnId = `turn of ${conversationId}`;
  store.attempt([created(conversationId), said(conversationId, "question"), began(turnId, conversationId)]);
  const usage = { inputTokens: 1, outputTokens: 2 };
  store.attempt([{ kind: "turn.step", turnId, step: { stepId: "s1", usage } }]);
  if (journal.length > 0) store.attempt([{ kind: "turn.journal", turnId, parts: journal }]);
}

const journal: JournalPart[] = [
  { kind: "thinking", text: "let " },
  { kind: "thinking", text: "me" },
  { kind: "chunk", role: "assistant", chunk: { type: "tool-call", toolCallId: "t", toolName: "clock", input: {} } },
  { kind: "text", text: "half an " },
  { kind: "text", text: "answer" },
];

test("a crashed turn is sealed as interrupted, with its journal joined, before the first request", () => {
  const clock = new SimulatedClock();
  const store = memoryStore(clock);
  crash(store, journal);
  const fixture = openFixture({ clock, store });
  assert.equal(
    store.chunks("c").map(({ role, chunk }) => [role, chunk]),
    [
      ["user", { type: "text", text: "question" }],
      ["assistant", { type: "thinking", text: "let me" }],
      ["assistant", { type: "tool-call", toolCallId: "t", toolName: "clock", input: {} }],
      ["assistant", { type: "text", text: "half an answer" }],
    ],
  );
  const turn = store.turn("turn of c");
  assert.equal([turn?.reason, turn?.endedAt, turn?.durationMs], ["interrupted", clock.wall(), null]);
  assert.equal(turn?.usage, { inputTokens: 1, outputTokens: 2 });
  assert.equal(store.unsealedTurns(), []);
  assert.equal(fixture.announced, []);
  assert.is(fixture.conversations.status("c"), "idle");
  assert.is(fixture.registry.count("conversation"), 0);
  assert.ok(fixture.lines.some(({ message }) => message.includes("crash left open")));
  openFixture({ clock, store });
  assert.is(store.latestSeq("c"), 4, "a second start writes nothing");
});

test("a crash before the first word keeps the question and seals the turn", () => {
  const clock = new SimulatedClock();
  const store = memoryStore(clock);
  crash(store, []);
  openFixture({ clock, store });
  assert.is(store.latestSeq("c"), 1);
  assert.equal([store.turn("turn of c")?.reason, store.turn("turn of c")?.end], ["interrupted", "crashed"]);
});

test("several conversations recover, and their queues are kept", () => {
  const clock = new SimulatedClock();
  const store = memoryStore(clock);
  crash(store, journal);
  crash(store, journal, "d");
  store.attempt([queued("d", "m1"), created("e"), queued("e", "m2")]);
  const fixture = openFixture({ clock, store });
  assert.equal(store.unsealedTurns(), []);
  assert.equal(
    ["c", "d", "e"].map((id) => fixture.conversations.status(id)),
    ["idle", "queued", "queued"],
  );
  assert.is(fixture.registry.count("conversation"), 2);
  fixture.close();
  assert.is(fixture.registry.count("conversation"), 0);
});

test("while the store fails, recovery is retried and turns are refused; then the turn is sealed with its queue", () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  crash(store, journal);
  store.fails = new StoreError("the disk is full");
  const fixture = openFixture({ clock, store });
  const { events } = fixture.watch("c");
  assert.is(fixture.conversations.status("c"), "active");
  assert.is(fixture.activity("c"), "recovering");
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "x" });
  assert.is(outcome.started || outcome.reason, "already-active");
  clock.advance(3_000);
  assert.is(fixture.conversations.status("c"), "active");
  store.fails = undefined;
  assert.ok("startedTurn" in fixture.orchestrator.enqueue({ conversationId: "c", text: "later" }));
  clock.advance(1_000);
  assert.is(fixture.conversations.status("c"), "queued");
  assert.equal(store.unsealedTurns(), []);
  assert.equal(events, []);
  assert.is(clock.pending, 0);
  fixture.close();
});

test("a defect in recovery does not repeat endlessly", () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  crash(store, journal);
  store.fails = new TypeError("a defect");
  const fixture = openFixture({ clock, store });
  assert.is(fixture.lines.filter(({ message }) => message.includes("actor failed")).length, 2);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(clock.pending, 0);
});

test("new text is in the journal after at most 250 ms, and no character is split", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent] });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  const parts = () =>
    fixture.store.unsealedTurns()[0]?.journal.map((part) => ("text" in part ? part.text : part.chunk.type));
  const say = async (...deltas: string[]) => {
    puppet.say(...deltas.map((delta) => ({ type: "text-delta", delta })));
    await settle(fixture.clock);
  };
  await say("a", "b");
  assert.equal(parts(), []);
  fixture.clock.advance(249);
  assert.equal(parts(), []);
  fixture.clock.advance(1);
  assert.equal(parts(), ["ab"]);
  await say("c\ud83d");
  fixture.clock.advance(250);
  assert.equal(parts(), ["ab", "c"]);
  await say("\ude42");
  fixture.clock.advance(250);
  assert.equal(parts(), ["ab", "c", "🙂"]);
  await say("\ud83d");
  fixture.clock.advance(250);
  assert.equal(parts(), ["ab", "c", "🙂"]);
  puppet.say({ type: "reasoning-delta", delta: "hm" });
  puppet.say({ type: "tool-call", stepId: "s", toolCallId: "t", toolName: "clock", input: {} });
  await settle(fixture.clock);
  assert.equal(parts(), ["ab", "c", "🙂", "\ud83d", "hm", "tool-call"], "a call is journaled at once");
  puppet.say({ type: "step-complete", stepId: "s" });
  await settle(fixture.clock);
  assert.equal(parts(), []);
  assert.is(fixture.clock.pending, 1, "only the watchdog's timer remains");
  fixture.close();
});

test("after kill -9 in mid-turn the text up to the last moment is stored once, and the queue is kept", async () => {
  const dataDir = temporaryDirectory();
  const program = fileURLToPath(new URL("./orchestrator-crash-child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  const enough = Promise.withResolvers<void>();
  child.stdout.setEncoding("utf8").on("data", (data: string) => {
    output += data;
    if (output.split("\n").length > 150) enough.resolve();
  });
  const closed = once(child, "close");
  await within(enough.promise, "150 deltas");
  child.kill("SIGKILL");
  await within(closed, "the end of the child");

  const lines = output.trimEnd().split("\n");
  const killedAt = Number.parseInt(lines.at(-1) ?? "", 10);
  const text = (until: number): string =>
    lines
      .filter((line) => Number.parseInt(line, 10) <= until)
      .map((line) => line.slice(line.indexOf(" ") + 1))
      .join("");
  const store = memoryStore(new SimulatedClock(), dataDir);
  const fixture = openFixture({ store });
  const chunks = store.chunks("c").map(({ chunk }) => chunk);
  assert.equal(
    chunks.map(({ type }) => type),
    ["text", "tool-call", "tool-result", "text"],
  );
  const kept = chunks[3]?.type === "text" ? chunks[3].text : "";
  // 250 ms until text is journaled, plus 100 ms for a busy machine to write it.
  assert.ok(kept.startsWith(text(killedAt - 350)), `kept ${kept.length} of ${text(killedAt).length} characters`);
  assert.ok(text(killedAt + 1).startsWith(kept), "no text is stored twice");
  assert.ok(kept.isWellFormed());
  assert.is(fixture.conversations.metrics("c")[0]?.steps[0]?.stepId, "s1");
  assert.is(fixture.conversations.metrics("c")[0]?.reason, "interrupted");
  assert.is(fixture.conversations.status("c"), "queued");
  assert.equal(
    fixture.conversations.queue("c").map((message) => message.text),
    ["and then"],
  );
  fixture.close();
  store.close();
});

test.run();
