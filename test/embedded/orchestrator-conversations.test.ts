// The conversations port: lists, histories, metrics, settings, as the HTTP API shows them (protocol 3).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type NewChunk, StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import {
  agentOf,
  echo,
  failingStore,
  memoryStore,
  openFixture,
  Puppet,
  settle,
} from "../support/orchestrator-fixture.ts";
import { created, said } from "../support/store-rows.ts";

const test = suite("the conversations port");

test("the models are listed with the default first and with their known properties", () => {
  const other = {
    ...echo,
    provider: "other",
    models: () => [
      { name: "large", contextWindow: 8_000, vision: true },
      { name: "small", vision: false },
      { name: "plain" },
    ],
  };
  const { conversations } = openFixture({ agents: [echo, other], defaultModel: "other/small" });
  assert.equal(conversations.models(), {
    models: ["other/small", "test/m", "other/large", "other/plain"],
    modelInfo: { "other/large": { contextWindow: 8_000, vision: true }, "other/small": { vision: false } },
  });
});

test("the list has the live status, is sorted by newest activity, and can be filtered", async () => {
  const fixture = openFixture({ agents: [new Puppet().agent] });
  fixture.orchestrator.startTurn({ conversationId: "one", text: "first", workspaceId: "w" });
  fixture.clock.advance(10);
  fixture.conversations.configure("two", { title: "Second" });
  fixture.store.attempt([created("old", { lastActivityAt: 1, closed: true, compactedFrom: "archive" })]);
  const list = fixture.conversations.list({});
  assert.equal(
    list.map(({ id, title, status, workspaceId, compactedFrom }) => [id, title, status, workspaceId, compactedFrom]),
    [
      ["two", "Second", "idle", "default", undefined],
      ["one", "first", "active", "w", undefined],
      ["old", null, "closed", "default", "archive"],
    ],
  );
  assert.equal(
    fixture.conversations.list({ q: "o", workspaceId: "w" }).map(({ id }) => id),
    ["one"],
  );
  assert.not.ok("compactedFrom" in (list[0] ?? {}));
  fixture.close();
});

test("the history is the requested range, and that of an unknown conversation is empty", () => {
  const fixture = openFixture();
  fixture.store.attempt([created("c"), said("c", "1", "2", "3")]);
  const { conversations } = fixture;
  assert.is(conversations.history("c", {}).latestSeq, 3);
  const selected = conversations.history("c", { sinceSeq: 1, beforeSeq: 3 });
  assert.equal([selected.chunks.map(({ seq }) => seq), selected.latestSeq], [[2], 2]);
  assert.equal(conversations.history("c", { sinceSeq: 7 }), { chunks: [], latestSeq: 7 });
  assert.equal(conversations.history("x", {}), { chunks: [], latestSeq: 0 });
  assert.equal(conversations.metrics("x"), []);
  assert.is(conversations.status("x"), "idle");
  assert.equal(conversations.queue("x"), []);
  assert.equal(conversations.settings("x"), { title: null, model: null, reasoningEffort: null });
});

test("the metrics of a turn exist while it runs and are complete when it has ended", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent] });
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  const turnId = outcome.started ? outcome.turnId : "";
  assert.equal(fixture.conversations.metrics("c"), [{ turnId, usage: null, steps: [] }]);
  await settle(fixture.clock);
  fixture.clock.advance(25);
  puppet.finish({ reason: "stop", contextSize: 3 });
  await settle(fixture.clock);
  const figures = { usage: null, durationMs: 25, steps: [], contextSize: 3 };
  assert.equal(fixture.conversations.metrics("c"), [{ turnId, reason: "stop", ...figures }]);
});

test("the last answer is the newest turn's text as it was streamed", async () => {
  const twoSteps = agentOf(async function* () {
    yield { type: "text-delta", delta: "Let me see. " };
    yield { type: "step-complete", stepId: "s1" };
    yield { type: "reasoning-delta", delta: "hm" };
    yield { type: "text-delta", delta: "Noon." };
    return { reason: "stop" };
  });
  const fixture = openFixture({ agents: [twoSteps] });
  assert.is(fixture.conversations.lastAnswer("c"), undefined);
  fixture.conversations.configure("c", { title: "empty" });
  assert.equal(fixture.conversations.lastAnswer("c"), { content: "" });
  for (const text of ["one", "two"]) {
    const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text });
    await settle(fixture.clock);
    const turnId = outcome.started ? outcome.turnId : "";
    assert.equal(fixture.conversations.lastAnswer("c"), { content: "Let me see. Noon.", turnId });
  }
});

test("the last answer is found even if many other chunks follow it", () => {
  const fixture = openFixture();
  const chunk = (text: string, role: "assistant" | "user", turnId: string): NewChunk => ({
    role,
    chunk: { type: "text", text },
    turnId,
  });
  const tail = Array.from({ length: 450 }, (_, index) => chunk(`${index}`, "user", "t3"));
  const chunks = [
    chunk("old", "assistant", "t1"),
    chunk("a", "assistant", "t2"),
    chunk("b", "assistant", "t2"),
    ...tail,
  ];
  fixture.store.attempt([created("c"), { kind: "chunks", conversationId: "c", chunks }]);
  assert.equal(fixture.conversations.lastAnswer("c"), { content: "ab", turnId: "t2" });
  fixture.store.attempt([created("d"), { kind: "chunks", conversationId: "d", chunks: tail }]);
  assert.equal(fixture.conversations.lastAnswer("d"), { content: "" });
});

test("open broadcasts a known conversation with its workspace", () => {
  const fixture = openFixture();
  assert.not.ok(fixture.conversations.open("c"));
  fixture.store.attempt([created("c", { workspaceId: "w" })]);
  assert.ok(fixture.conversations.open("c"));
  assert.equal(fixture.announced, ["conversation.open c"]);
});

test("each setting can be changed alone, null unsets it, and an unknown conversation is created", () => {
  const fixture = openFixture();
  const { conversations } = fixture;
  assert.is(conversations.configure("c", { title: "T", model: "test/m" }), undefined);
  assert.is(conversations.configure("c", { reasoningEffort: "max" }), undefined);
  assert.equal(conversations.settings("c"), { title: "T", model: "test/m", reasoningEffort: "max" });
  conversations.configure("c", { model: null });
  assert.equal(conversations.settings("c"), { title: "T", model: null, reasoningEffort: "max" });
  assert.equal(fixture.changes, ["settings c", "settings c", "settings c"]);
  const unknown = conversations.configure("c", { model: "test/other" });
  assert.is(unknown?.code, "unknown-model");
  assert.is(conversations.settings("c").model, null);
});

test("a turn uses the model that was set, and is refused if that model no longer exists", async () => {
  const puppet = new Puppet();
  const other = { ...puppet.agent, provider: "other" };
  const fixture = openFixture({ agents: [echo, other] });
  fixture.conversations.configure("c", { model: "other/m" });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  assert.is(puppet.runs.length, 1);
  fixture.close();
  const again = openFixture({ agents: [echo], store: fixture.store, clock: fixture.clock });
  const outcome = again.orchestrator.startTurn({ conversationId: "c", text: "go" });
  assert.is(outcome.started || outcome.reason, "unknown-model");
});

test("settings that cannot be stored are refused with the reason", () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const fixture = openFixture({ clock, store });
  store.fails = new StoreError("the disk is full");
  const refusal = fixture.conversations.configure("c", { title: "T" });
  assert.equal(refusal, { code: "storage-failed", message: "this could not be stored: the disk is full" });
  store.fails = new TypeError("a defect");
  assert.throws(() => fixture.conversations.configure("c", { title: "T" }), "a defect");
});

test.run();
