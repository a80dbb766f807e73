// The embedded orchestrator's turns: what is accepted and refused, in which order its events come, what is stored of
// it.
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
  openHouse,
  Puppet,
  refusalOf,
  settle,
} from "../support/orchestrator-house.ts";

const test = suite("the embedded orchestrator");

test("a turn's events come in order, and its history is stored before it is sealed", async () => {
  const house = openHouse();
  const { events, types } = house.watch("c");
  const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "hello" });
  assert.ok(outcome.started);
  const { turnId } = outcome;
  await settle(house.clock);
  assert.equal(types(), ["user-message", "turn-start", "text-delta", "step-complete", "done", "turn-sealed"]);
  assert.equal(events[0], { type: "user-message", text: "hello", conversationId: "c", turnId });
  assert.equal(events.at(-1), { type: "turn-sealed", latestSeq: 2, conversationId: "c", turnId });
  assert.equal(house.store.chunks("c"), [
    { seq: 1, role: "user", chunk: { type: "text", text: "hello" }, turnId },
    { seq: 2, role: "assistant", chunk: { type: "text", text: "hello" }, turnId },
  ]);
  assert.equal(house.store.unsealedTurns(), []);
  assert.is(house.store.turn(turnId)?.reason, "stop");
});

test("who looks is told how long an agent has been silent, how long it may be, and how many texts wait", async () => {
  const puppet = new Puppet();
  const house = openHouse({ agents: [puppet.agent], limits: { turnMs: 60_000 } });
  assert.is(house.progress("c"), undefined);
  const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "hello" });
  const turn = { turnId: outcome.started ? outcome.turnId : "", model: "test/m" };
  house.clock.advance(10_000);
  const started = {
    startedMsAgo: 10_000,
    phaseMs: 10_000,
    lastEvent: "turn-start",
    lostInMs: limits.agentLostMs - 10_000,
  };
  assert.equal(house.progress("c"), { ...turn, ...started, saidMsAgo: 10_000, endsInMs: 50_000, waitingTexts: 0 });
  puppet.say({ type: "text-delta", delta: "a" });
  await settle(house.clock);
  house.orchestrator.enqueue({ conversationId: "c", text: "and" });
  house.clock.advance(5_000);
  const writing = {
    startedMsAgo: 15_000,
    phaseMs: 5_000,
    lastEvent: "text-delta",
    lostInMs: limits.agentLostMs - 5_000,
  };
  assert.equal(house.progress("c"), { ...turn, ...writing, saidMsAgo: 5_000, endsInMs: 45_000, waitingTexts: 1 });
  puppet.fail(new Error("enough"));
  house.close();
});

test("the question is stored before the turn is accepted, and its first events are out", () => {
  const house = openHouse({ agents: [new Puppet().agent] });
  const { types } = house.watch("c");
  const images = [{ url: "data:image/png;base64,AA==", mimeType: "image/png" }, { url: "https://example.org/a.png" }];
  const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "look", images });
  assert.ok(outcome.started);
  assert.equal(
    house.store.chunks("c").map(({ role, chunk }) => [role, chunk]),
    [
      ["user", { type: "text", text: "look" }],
      ["user", { type: "image", url: "data:image/png;base64,AA==", mimeType: "image/png" }],
      ["user", { type: "image", url: "https://example.org/a.png" }],
    ],
  );
  assert.is(house.store.unsealedTurns()[0]?.turn.turnId, outcome.turnId);
  assert.equal(types(), ["user-message", "turn-start"]);
  house.close();
});

test("a step's chunks are history when the step is complete: what was said and called, then the results", async () => {
  const puppet = new Puppet();
  const house = openHouse({ agents: [puppet.agent] });
  house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(house.clock);
  const call = (id: string) => ({ type: "tool-call", stepId: "s1", toolCallId: id, toolName: "clock", input: { id } });
  const result = (id: string) => {
    return { type: "tool-result", stepId: "s1", toolCallId: id, toolName: "clock", content: id, isError: false };
  };
  puppet.say({ type: "reasoning-delta", delta: "let " }, { type: "reasoning-delta", delta: "me" });
  puppet.say(call("a"), result("a"), { type: "tool-output", toolCallId: "a", data: "…", stream: "stdout" });
  puppet.say({ type: "text-delta", delta: "and" }, call("b"), result("b"));
  await settle(house.clock);
  assert.is(house.store.latestSeq("c"), 1);
  const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 3 };
  puppet.say({ type: "usage", stepId: "s1", usage });
  puppet.say({ type: "step-complete", stepId: "s1", ttftMs: 1, decodeMs: 2, genTotalMs: 3 });
  await settle(house.clock);
  assert.equal(
    house.store.chunks("c").map(({ role, chunk }) => `${role} ${chunk.type}`),
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
  await settle(house.clock);
  const { turns } = { turns: house.conversations.metrics("c") };
  assert.equal(turns[0]?.steps, [
    { stepId: "s1", usage, ttftMs: 1, decodeMs: 2, genTotalMs: 3 },
    { stepId: "s2", usage: { inputTokens: 1, outputTokens: 1, cacheWriteTokens: 2 } },
    { stepId: "s3", usage },
  ]);
  assert.equal(turns[0]?.usage, { inputTokens: 21, outputTokens: 11, cacheReadTokens: 6, cacheWriteTokens: 2 });
  assert.is(turns[0]?.contextSize, 42);
});

test("done carries the reason, the time it took, all usage and the context size", async () => {
  const puppet = new Puppet();
  const house = openHouse({ agents: [puppet.agent] });
  const { events } = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(house.clock);
  house.clock.advance(1_500);
  puppet.say({ type: "usage", usage: { inputTokens: 1, outputTokens: 2 } });
  puppet.finish({ reason: "length", contextSize: 7 });
  await settle(house.clock);
  const { conversationId: _c, turnId: _t, ...done } = found(events.find(({ type }) => type === "done"));
  assert.equal(done, {
    type: "done",
    reason: "length",
    durationMs: 1_500,
    usage: { inputTokens: 1, outputTokens: 2 },
    contextSize: 7,
  });
});

test("while a turn runs, or is stopped or sealed, another is refused", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const house = openHouse({ agents: [puppet.agent] });
  const { orchestrator } = house;
  assert.ok(orchestrator.startTurn({ conversationId: "c", text: "one" }).started);
  const second = orchestrator.startTurn({ conversationId: "c", text: "two" });
  const message = "a turn is already generating for this conversation";
  assert.equal(second, { started: false, reason: "already-active", message });
  orchestrator.stopTurn("c");
  assert.equal(orchestrator.startTurn({ conversationId: "c", text: "two" }), second);
  assert.ok(orchestrator.startTurn({ conversationId: "d", text: "elsewhere" }).started);
  assert.is(house.runningTurns(), 2);
  house.close();
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
  const house = openHouse({ agents: [echo, other, broken] });
  for (const modelName of ["test/unknown", "nobody/m", "m", "/m", "test/", "other/z", "broken/b"]) {
    const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "hi", modelName });
    const message = `the model "${modelName}" is not known here; known are: test/m, other/x`;
    assert.equal(outcome, { started: false, reason: "unknown-model", message });
  }
  assert.is(house.store.conversation("c"), undefined);
  assert.is(house.registry.count("conversation"), 0);
  assert.ok(house.orchestrator.startTurn({ conversationId: "c", text: "hi", modelName: "other/y" }).started);
  house.close();
});

test("turns are refused by the toggle and by a drain, each with its sentence", async () => {
  const house = openHouse();
  house.setRefusing("no turns today");
  const refusal = { started: false, reason: "refusing-turns", message: "no turns today" };
  assert.equal(house.orchestrator.startTurn({ conversationId: "c", text: "hi" }), refusal);
  assert.equal(house.orchestrator.enqueue({ conversationId: "c", text: "hi" }), refusal);
  house.setRefusing(undefined);
  assert.ok(house.orchestrator.startTurn({ conversationId: "c", text: "hi" }).started);
  await settle(house.clock);
  await house.drain(1_000);
  const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  assert.is(refusalOf(outcome).reason, "draining");
  assert.equal(house.changes.filter((change) => change === "turns").length, 5);
});

test("a turn that cannot be stored is refused, and leaves nothing behind", () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const house = openHouse({ clock, store });
  store.fails = new StoreError("the disk is full");
  const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  assert.is(refusalOf(outcome).reason, "storage-failed");
  assert.match(refusalOf(outcome).message, "the disk is full");
  assert.equal(house.news, []);
  store.fails = undefined;
  assert.is(house.store.conversation("c"), undefined);
  assert.is(house.registry.count("conversation"), 0);
});

test("model, cwd and computer of a request become the conversation's; the effort holds for its turn", async () => {
  const puppet = new Puppet();
  const other = { ...puppet.agent, provider: "other" };
  const house = openHouse({ agents: [echo, other] });
  const request = { conversationId: "c", text: "one", modelName: "other/m", cwd: "/tmp", computerId: "box" };
  house.orchestrator.startTurn({ ...request, reasoningEffort: "high", workspaceId: "w" });
  await settle(house.clock);
  assert.is(puppet.run.reasoningEffort, "high");
  assert.is(puppet.run.cwd, "/tmp");
  assert.is(puppet.run.model, "m");
  puppet.finish();
  await settle(house.clock);
  house.conversations.configure("c", { reasoningEffort: "low" });
  assert.ok(house.orchestrator.startTurn({ conversationId: "c", text: "two", workspaceId: "another" }).started);
  await settle(house.clock);
  assert.is(puppet.runs.length, 2);
  assert.is(puppet.run.reasoningEffort, "low");
  assert.is(puppet.run.cwd, "/tmp");
  const { model, cwd, computerId, workspaceId } = found(house.store.conversation("c"));
  assert.equal([model, cwd, computerId, workspaceId], ["other/m", "/tmp", "box", "w"]);
  house.close();
});

test("the title is the first text, white space collapsed, cut between characters", async () => {
  const house = openHouse();
  house.orchestrator.startTurn({ conversationId: "c", text: `  a \n\t b ${"🙂".repeat(100)}` });
  await settle(house.clock);
  house.orchestrator.startTurn({ conversationId: "c", text: "another" });
  await settle(house.clock);
  assert.is(house.store.conversation("c")?.title, `a b ${"🙂".repeat(76)}`);
  house.orchestrator.startTurn({ conversationId: "blank", text: "   " });
  await settle(house.clock);
  assert.is(house.store.conversation("blank")?.title, null);
});

test("the agent reads the history and then the question", async () => {
  const puppet = new Puppet();
  const house = openHouse({ agents: [puppet.agent] });
  house.orchestrator.startTurn({ conversationId: "c", text: "one" });
  puppet.say({ type: "text-delta", delta: "first" });
  puppet.finish();
  await settle(house.clock);
  house.orchestrator.startTurn({ conversationId: "c", text: "two" });
  await settle(house.clock);
  assert.equal(puppet.run.messages, [
    { role: "user", chunks: [{ type: "text", text: "one" }] },
    { role: "assistant", chunks: [{ type: "text", text: "first" }] },
    { role: "user", chunks: [{ type: "text", text: "two" }] },
  ]);
  house.close();
});

test("the status is announced on every change, once each", async () => {
  const house = openHouse();
  house.orchestrator.startTurn({ conversationId: "c", text: "one" });
  assert.ok(house.orchestrator.isActive("c"));
  assert.is(house.conversations.status("c"), "active");
  await settle(house.clock);
  assert.not.ok(house.orchestrator.isActive("c"));
  house.orchestrator.closeConversation("c");
  house.orchestrator.closeConversation("c");
  assert.is(house.conversations.status("c"), "closed");
  house.orchestrator.startTurn({ conversationId: "c", text: "again" });
  await settle(house.clock);
  assert.equal(house.news, [
    "conversation.statusChanged c active",
    "conversation.statusChanged c idle",
    "conversation.statusChanged c closed",
    "conversation.statusChanged c active",
    "conversation.statusChanged c idle",
  ]);
  assert.is(house.orchestrator.closeConversation("nobody").abortedTurn, false);
  assert.is(house.orchestrator.stopTurn("nobody").abortedTurn, false);
  assert.is(house.news.length, 5);
});

test("what goes on is told in the charts' words", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const house = openHouse({ agents: [puppet.agent] });
  assert.is(house.activity("c"), "idle");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  const phases = [house.activity("c")];
  await settle(house.clock);
  const said = [
    { type: "provider-retry", attempt: 0, delayMs: 10, message: "busy" },
    { type: "reasoning-delta", delta: "hm" },
    { type: "text-delta", delta: "so" },
    { type: "tool-call", stepId: "s", toolCallId: "t", toolName: "clock", input: null },
    { type: "tool-result", stepId: "s", toolCallId: "t", toolName: "clock", content: "noon", isError: false },
  ];
  for (const event of said) {
    puppet.say(event);
    await settle(house.clock);
    phases.push(house.activity("c"));
  }
  house.orchestrator.stopTurn("c");
  phases.push(house.activity("c"));
  assert.equal(phases, ["starting", "retrying", "thinking", "writing", "runningTools", "continuing", "stopping"]);
  house.clock.advance(5_000);
  house.orchestrator.closeConversation("c");
  assert.is(house.activity("c"), "closed");
  house.watch("c");
  assert.is(house.activity("c"), "closed");
});

test("a conversation has an actor only while something goes on or somebody is there", async () => {
  const house = openHouse();
  const first = house.watch("c");
  const second = house.watch("c");
  assert.is(house.registry.count("conversation"), 1);
  house.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  await settle(house.clock);
  first.leave();
  first.leave();
  assert.is(house.registry.count("conversation"), 1);
  second.leave();
  assert.is(house.registry.count("conversation"), 0);
  house.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  assert.is(house.registry.count("conversation"), 1);
  await settle(house.clock);
  assert.is(house.registry.count("conversation"), 0);
  assert.is(house.clock.pending, 0);
});

test("many conversations run at once, each with its own turn", async () => {
  const house = openHouse();
  const ids = Array.from({ length: 200 }, (_, index) => `c${index}`);
  const watches = ids.map((id) => house.watch(id));
  for (const id of ids) assert.ok(house.orchestrator.startTurn({ conversationId: id, text: id }).started);
  assert.is(house.runningTurns(), 200);
  await settle(house.clock);
  for (const [index, { events }] of watches.entries()) {
    assert.ok(events.every(({ conversationId }) => conversationId === ids[index]));
    assert.is(events.at(-1)?.type, "turn-sealed");
  }
  assert.is(house.runningTurns(), 0);
  house.close();
  assert.is(house.registry.count("conversation"), 0);
  assert.is(house.clock.pending, 0);
});

test("an agent that never waits lets everything else have its turn", async () => {
  let turns = 0;
  const talker = agentOf(async function* ({ signal }) {
    while (!signal.aborted) yield { type: "text-delta", delta: "" };
    return { reason: "stop" };
  });
  const house = openHouse({ agents: [talker] });
  const { types } = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "hi" });
  for (; turns < 5; turns++) await settle(house.clock);
  house.orchestrator.stopTurn("c");
  await settle(house.clock);
  assert.equal(types(), ["user-message", "turn-start", "done", "turn-sealed"]);
  assert.is(house.clock.pending, 0);
});

test.run();
