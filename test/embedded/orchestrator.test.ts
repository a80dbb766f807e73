// The turns of the embedded orchestrator: which are accepted or refused, the order of their events, and what is stored.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import {
  agentOf,
  echo,
  failingStore,
  found,
  memoryStore,
  openFixture,
  Puppet,
  refusalOf,
  settle,
} from "../support/orchestrator-fixture.ts";

const test = suite("the embedded orchestrator");

test("a turn's events come in order, and its history is stored before it is sealed", async () => {
  const fixture = openFixture();
  const { events, types } = fixture.watch("c");
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "hello" });
  assert.ok(outcome.started);
  const { turnId } = outcome;
  await settle(fixture.clock);
  assert.equal(types(), ["user-message", "turn-start", "text-delta", "step-complete", "done", "turn-sealed"]);
  assert.equal(events[0], { type: "user-message", text: "hello", conversationId: "c", turnId });
  assert.equal(events.at(-1), { type: "turn-sealed", latestSeq: 2, conversationId: "c", turnId });
  assert.equal(fixture.store.chunks("c"), [
    { seq: 1, role: "user", chunk: { type: "text", text: "hello" }, turnId },
    { seq: 2, role: "assistant", chunk: { type: "text", text: "hello" }, turnId },
  ]);
  assert.equal(fixture.store.unsealedTurns(), []);
  assert.is(fixture.store.turn(turnId)?.reason, "stop");
});

test("progress shows an agent's time of silence, the time left to it, and the number of queued texts", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent], limits: { turnMs: 60_000 } });
  assert.is(fixture.progress("c"), undefined);
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "hello" });
  const turn = { turnId: outcome.started ? outcome.turnId : "", model: "test/m" };
  fixture.clock.advance(10_000);
  const started = {
    startedMsAgo: 10_000,
    phaseMs: 10_000,
    lastEvent: "turn-start",
    lostInMs: limits.agentLostMs - 10_000,
  };
  assert.equal(fixture.progress("c"), { ...turn, ...started, saidMsAgo: 10_000, endsInMs: 50_000, waitingTexts: 0 });
  puppet.say({ type: "text-delta", delta: "a" });
  await settle(fixture.clock);
  fixture.orchestrator.enqueue({ conversationId: "c", text: "and" });
  fixture.clock.advance(5_000);
  const writing = {
    startedMsAgo: 15_000,
    phaseMs: 5_000,
    lastEvent: "text-delta",
    lostInMs: limits.agentLostMs - 5_000,
  };
  assert.equal(fixture.progress("c"), { ...turn, ...writing, saidMsAgo: 5_000, endsInMs: 45_000, waitingTexts: 1 });
  puppet.fail(new Error("enough"));
  fixture.close();
});

test("when a turn is accepted, its question is stored and its first events are sent", () => {
  const fixture = openFixture({ agents: [new Puppet().agent] });
  const { types } = fixture.watch("c");
  const images = [{ url: "data:image/png;base64,AA==", mimeType: "image/png" }, { url: "https://example.org/a.png" }];
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "look", images });
  assert.ok(outcome.started);
  assert.equal(
    fixture.store.chunks("c").map(({ role, chunk }) => [role, chunk]),
    [
      ["user", { type: "text", text: "look" }],
      ["user", { type: "image", url: "data:image/png;base64,AA==", mimeType: "image/png" }],
      ["user", { type: "image", url: "https://example.org/a.png" }],
    ],
  );
  assert.is(fixture.store.unsealedTurns()[0]?.turn.turnId, outcome.turnId);
  assert.equal(types(), ["user-message", "turn-start"]);
  fixture.close();
});

test("a step's chunks become history when the step is complete: text and calls first, then the results", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent] });
  fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  const call = (id: string) => ({ type: "tool-call", stepId: "s1", toolCallId: id, toolName: "clock", input: { id } });
  const result = (id: string) => {
    return { type: "tool-result", stepId: "s1", toolCallId: id, toolName: "clock", content: id, isError: false };
  };
  puppet.say({ type: "reasoning-delta", delta: "let " }, { type: "reasoning-delta", delta: "me" });
  puppet.say(call("a"), result("a"), { type: "tool-output", toolCallId: "a", data: "…", stream: "stdout" });
  puppet.say({ type: "text-delta", delta: "and" }, call("b"), result("b"));
  await settle(fixture.clock);
  assert.is(fixture.store.latestSeq("c"), 1);
  const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 3 };
  puppet.say({ type: "usage", stepId: "s1", usage });
  puppet.say({ type: "step-complete", stepId: "s1", ttftMs: 1, decodeMs: 2, genTotalMs: 3 });
  await settle(fixture.clock);
  assert.equal(
    fixture.store.chunks("c").map(({ role, chunk }) => `${role} ${chunk.type}`),
    [
      "user text",
      "assistant thinking",
      "assistant tool-call",
      "assistant text",
      "assistant tool-call",
      "tool tool-result",
      "tool tool-result",
    ],
  );
  puppet.say({ type: "usage", usage: { inputTokens: 1, outputTokens: 1, cacheWriteTokens: 2 } });
  puppet.say({ type: "step-complete", stepId: "s2" }, { type: "usage", stepId: "s3", usage });
  puppet.finish({ reason: "tool-calls", contextSize: 42 });
  await settle(fixture.clock);
  const { turns } = { turns: fixture.conversations.metrics("c") };
  assert.equal(turns[0]?.steps, [
    { stepId: "s1", usage, ttftMs: 1, decodeMs: 2, genTotalMs: 3 },
    { stepId: "s2", usage: { inputTokens: 1, outputTokens: 1, cacheWriteTokens: 2 } },
    { stepId: "s3", usage },
  ]);
  assert.equal(turns[0]?.usage, { inputTokens: 21, outputTokens: 11, cacheReadTokens: 6, cacheWriteTokens: 2 });
  assert.is(turns[0]?.contextSize, 42);
});

test("`done` has the reason, the duration, the total usage and the context size", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent] });
  const { events } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  fixture.clock.advance(1_500);
  puppet.say({ type: "usage", usage: { inputTokens: 1, outputTokens: 2 } });
  puppet.finish({ reason: "length", contextSize: 7 });
  await settle(fixture.clock);
  const { conversationId: _c, turnId: _t, ...done } = found(events.find(({ type }) => type === "done"));
  assert.equal(done, {
    type: "done",
    reason: "length",
    durationMs: 1_500,
    usage: { inputTokens: 1, outputTokens: 2 },
    contextSize: 7,
  });
});

test("while a turn is running or stopping, another is refused", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const fixture = openFixture({ agents: [puppet.agent] });
  const { orchestrator } = fixture;
  assert.ok(orchestrator.startTurn({ conversationId: "c", text: "one" }).started);
  const second = orchestrator.startTurn({ conversationId: "c", text: "two" });
  const message = "a turn is already generating for this conversation";
  assert.equal(second, { started: false, reason: "already-active", message });
  orchestrator.stopTurn("c");
  assert.equal(orchestrator.startTurn({ conversationId: "c", text: "two" }), second);
  assert.ok(orchestrator.startTurn({ conversationId: "d", text: "elsewhere" }).started);
  assert.is(fixture.runningTurns(), 2);
  fixture.close();
});

test("an unknown model is refused with the names of the known ones, and nothing is stored", () => {
  const other = {
    ...echo,
    provider: "other",
    models: () => [{ name: "x" }],
    accepts: (model: string) => model === "y",
  };
  const throws = () => {
    throw new Error("no models");
  };
  const broken = { ...echo, provider: "broken", models: throws, accepts: throws };
  const fixture = openFixture({ agents: [echo, other, broken] });
  for (const modelName of ["test/unknown", "nobody/m", "m", "/m", "test/", "other/z", "broken/b"]) {
    const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "hi", modelName });
    const message = `the model "${modelName}" is not known here; known models: test/m, other/x`;
    assert.equal(outcome, { started: false, reason: "unknown-model", message });
  }
  assert.is(fixture.store.conversation("c"), undefined);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "hi", modelName: "other/y" }).started);
  fixture.close();
});

test("turns are refused by the toggle and by a drain, each with its own reason", async () => {
  const fixture = openFixture();
  fixture.setRefusing("no turns today");
  const refusal = { started: false, reason: "refusing-turns", message: "no turns today" };
  assert.equal(fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" }), refusal);
  assert.equal(fixture.orchestrator.enqueue({ conversationId: "c", text: "hi" }), refusal);
  fixture.setRefusing(undefined);
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" }).started);
  await settle(fixture.clock);
  await fixture.drain(1_000);
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  assert.is(refusalOf(outcome).reason, "draining");
  assert.equal(fixture.changes.filter((change) => change === "turns").length, 5);
});

test("a turn that cannot be stored is refused and leaves nothing behind", () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const fixture = openFixture({ clock, store });
  store.fails = new StoreError("the disk is full");
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  assert.is(refusalOf(outcome).reason, "storage-failed");
  assert.match(refusalOf(outcome).message, "the disk is full");
  assert.equal(fixture.announced, []);
  store.fails = undefined;
  assert.is(fixture.store.conversation("c"), undefined);
  assert.is(fixture.registry.count("conversation"), 0);
});

test("a conversation keeps model, cwd and computer of a request, but the effort applies to one turn only", async () => {
  const puppet = new Puppet();
  const other = { ...puppet.agent, provider: "other" };
  const fixture = openFixture({ agents: [echo, other] });
  const request = { conversationId: "c", text: "one", modelName: "other/m", cwd: "/tmp", computerId: "box" };
  fixture.orchestrator.startTurn({ ...request, reasoningEffort: "high", workspaceId: "w" });
  await settle(fixture.clock);
  assert.is(puppet.run.reasoningEffort, "high");
  assert.is(puppet.run.cwd, "/tmp");
  assert.is(puppet.run.model, "m");
  puppet.finish();
  await settle(fixture.clock);
  fixture.conversations.configure("c", { reasoningEffort: "low" });
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "two", workspaceId: "another" }).started);
  await settle(fixture.clock);
  assert.is(puppet.runs.length, 2);
  assert.is(puppet.run.reasoningEffort, "low");
  assert.is(puppet.run.cwd, "/tmp");
  const { model, cwd, computerId, workspaceId } = found(fixture.store.conversation("c"));
  assert.equal([model, cwd, computerId, workspaceId], ["other/m", "/tmp", "box", "w"]);
  fixture.close();
});

test("the title is the first text, with white space collapsed, cut between characters", async () => {
  const fixture = openFixture();
  fixture.orchestrator.startTurn({ conversationId: "c", text: `  a \n\t b ${"🙂".repeat(100)}` });
  await settle(fixture.clock);
  fixture.orchestrator.startTurn({ conversationId: "c", text: "another" });
  await settle(fixture.clock);
  assert.is(fixture.store.conversation("c")?.title, `a b ${"🙂".repeat(76)}`);
  fixture.orchestrator.startTurn({ conversationId: "blank", text: "   " });
  await settle(fixture.clock);
  assert.is(fixture.store.conversation("blank")?.title, null);
});

test("the agent reads the history and then the question", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent] });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "one" });
  puppet.say({ type: "text-delta", delta: "first" });
  puppet.finish();
  await settle(fixture.clock);
  fixture.orchestrator.startTurn({ conversationId: "c", text: "two" });
  await settle(fixture.clock);
  const told = puppet.run.messages.map(({ role, chunks, model }) => ({ role, chunks, ...(model && { model }) }));
  assert.equal(told, [
    { role: "user", chunks: [{ type: "text", text: "one" }] },
    { role: "assistant", chunks: [{ type: "text", text: "first" }], model: "test/m" },
    { role: "user", chunks: [{ type: "text", text: "two" }] },
  ]);
  assert.is(new Set(puppet.run.messages.map(({ turnId }) => turnId)).size, 2);
  fixture.close();
});

test("each change of the status is broadcast once", async () => {
  const fixture = openFixture();
  fixture.orchestrator.startTurn({ conversationId: "c", text: "one" });
  assert.ok(fixture.orchestrator.isActive("c"));
  assert.is(fixture.conversations.status("c"), "active");
  await settle(fixture.clock);
  assert.not.ok(fixture.orchestrator.isActive("c"));
  fixture.orchestrator.closeConversation("c");
  fixture.orchestrator.closeConversation("c");
  assert.is(fixture.conversations.status("c"), "closed");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "again" });
  await settle(fixture.clock);
  assert.equal(fixture.announced, [
    "conversation.statusChanged c active",
    "conversation.statusChanged c idle",
    "conversation.statusChanged c closed",
    "conversation.statusChanged c active",
    "conversation.statusChanged c idle",
  ]);
  assert.is(fixture.orchestrator.closeConversation("nobody").abortedTurn, false);
  assert.is(fixture.orchestrator.stopTurn("nobody").abortedTurn, false);
  assert.is(fixture.announced.length, 5);
});

test("the activity is named by the states of the charts", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const fixture = openFixture({ agents: [puppet.agent] });
  assert.is(fixture.activity("c"), "idle");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  const phases = [fixture.activity("c")];
  await settle(fixture.clock);
  const said = [
    { type: "provider-retry", attempt: 0, delayMs: 10, message: "busy" },
    { type: "reasoning-delta", delta: "hm" },
    { type: "text-delta", delta: "so" },
    { type: "tool-call", stepId: "s", toolCallId: "t", toolName: "clock", input: null },
    { type: "tool-result", stepId: "s", toolCallId: "t", toolName: "clock", content: "noon", isError: false },
  ];
  for (const event of said) {
    puppet.say(event);
    await settle(fixture.clock);
    phases.push(fixture.activity("c"));
  }
  fixture.orchestrator.stopTurn("c");
  phases.push(fixture.activity("c"));
  assert.equal(phases, ["starting", "retrying", "thinking", "writing", "runningTools", "continuing", "stopping"]);
  fixture.clock.advance(5_000);
  fixture.orchestrator.closeConversation("c");
  assert.is(fixture.activity("c"), "closed");
  fixture.watch("c");
  assert.is(fixture.activity("c"), "closed");
});

test("a conversation has an actor only while a turn runs or a watcher is subscribed", async () => {
  const fixture = openFixture();
  const first = fixture.watch("c");
  const second = fixture.watch("c");
  assert.is(fixture.registry.count("conversation"), 1);
  fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  await settle(fixture.clock);
  first.leave();
  first.leave();
  assert.is(fixture.registry.count("conversation"), 1);
  second.leave();
  assert.is(fixture.registry.count("conversation"), 0);
  fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  assert.is(fixture.registry.count("conversation"), 1);
  await settle(fixture.clock);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(fixture.clock.pending, 0);
});

test("many conversations run at once, each with its own turn", async () => {
  const fixture = openFixture();
  const ids = Array.from({ length: 200 }, (_, index) => `c${index}`);
  const watches = ids.map((id) => fixture.watch(id));
  for (const id of ids) assert.ok(fixture.orchestrator.startTurn({ conversationId: id, text: id }).started);
  assert.is(fixture.runningTurns(), 200);
  await settle(fixture.clock);
  for (const [index, { events }] of watches.entries()) {
    assert.ok(events.every(({ conversationId }) => conversationId === ids[index]));
    assert.is(events.at(-1)?.type, "turn-sealed");
  }
  assert.is(fixture.runningTurns(), 0);
  fixture.close();
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(fixture.clock.pending, 0);
});

test("an agent that never awaits anything does not block the event loop", async () => {
  let turns = 0;
  const talker = agentOf(async function* ({ signal }) {
    while (!signal.aborted) yield { type: "text-delta", delta: "" };
    return { reason: "stop" };
  });
  const fixture = openFixture({ agents: [talker] });
  const { types } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  for (; turns < 5; turns++) await settle(fixture.clock);
  fixture.orchestrator.stopTurn("c");
  await settle(fixture.clock);
  assert.equal(types(), ["user-message", "turn-start", "done", "turn-sealed"]);
  assert.is(fixture.clock.pending, 0);
});

test.run();
