// Compaction: a summary replaces the older messages, an archive keeps the whole history, and a failure changes nothing.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { firstKept } from "../../src/embedded/orchestrator/compaction.ts";
import { messagesOf } from "../../src/embedded/orchestrator/messages.ts";
import { type NewChunk, StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { within } from "../support/deadline.ts";
import {
  agentOf,
  type FixtureOptions,
  failingStore,
  memoryStore,
  openFixture,
  Puppet,
  settle,
} from "../support/orchestrator-fixture.ts";
import { created } from "../support/store-rows.ts";

const test = suite("compaction");

const user = (text: string, turnId = text): NewChunk => ({ role: "user", chunk: { type: "text", text }, turnId });
const answer = (text: string, turnId: string): NewChunk => ({
  role: "assistant",
  chunk: { type: "text", text },
  turnId,
});
const call = (id: string, turnId: string): NewChunk => {
  const chunk = { type: "tool-call" as const, toolCallId: id, toolName: "clock", input: { at: "noon" } };
  return { role: "assistant", chunk, turnId };
};
const result = (id: string, turnId: string): NewChunk => {
  const chunk = {
    type: "tool-result" as const,
    toolCallId: id,
    toolName: "clock",
    content: "12",
    isError: id === "bad",
  };
  return { role: "tool", chunk, turnId };
};
/** That many pairs of question and answer. */
const talk = (turns: number): NewChunk[] =>
  Array.from({ length: turns }, (_, index) => [user(`q${index}`), answer(`a${index}`, `q${index}`)]).flat();

/** A fixture whose conversation "c" has this history. */
function fixtureWith(chunks: NewChunk[], options: FixtureOptions = {}) {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  store.attempt([
    created("c", { title: "T", model: "test/m", cwd: "/tmp" }),
    { kind: "chunks", conversationId: "c", chunks },
  ]);
  const puppet = new Puppet();
  const fixture = openFixture({ clock, agents: [puppet.agent], ...options, store });
  const compact = () => fixture.conversations.compact("c");
  const texts = (id: string) =>
    fixture.store.chunks(id).map(({ role, chunk }) => [role, "text" in chunk && chunk.text]);
  return { fixture, store, puppet, compact, texts };
}

test("the model summarises all but the last ten messages, and the archive has the whole history", async () => {
  const { fixture, puppet, compact, texts } = fixtureWith(talk(8));
  const before = fixture.store.chunks("c");
  const compacted = compact();
  await settle(fixture.clock);
  puppet.say({ type: "reasoning-delta", delta: "hm" }, { type: "text-delta", delta: "They " }, 7);
  puppet.say({ type: "text-delta", delta: "talked." });
  puppet.finish();
  await settle(fixture.clock);
  const outcome = await within(compacted, "the compaction");
  assert.ok("newConversationId" in outcome);
  assert.equal([outcome.messagesSummarized, outcome.messagesKept], [6, 10]);
  assert.equal(texts("c").slice(0, 3), [
    ["system", "They talked."],
    ["user", "q3"],
    ["assistant", "a3"],
  ]);
  assert.equal(
    fixture.store.chunks("c").map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  assert.equal(fixture.store.chunks(outcome.newConversationId), before);
  const archive = fixture.store.conversation(outcome.newConversationId);
  assert.equal([archive?.title, archive?.model, archive?.cwd, archive?.compactedFrom], ["T", "test/m", "/tmp", null]);
  assert.is(fixture.store.conversation("c")?.compactedFrom, outcome.newConversationId);
  assert.equal(fixture.announced, ["conversation.compacted c"]);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(fixture.clock.pending, 0);
});

test("the model gets the older messages as plain text, without tools", async () => {
  const image: NewChunk = { role: "user", chunk: { type: "image", url: "data:," }, turnId: "q" };
  const error: NewChunk = { role: "assistant", chunk: { type: "error", message: "x" }, turnId: "q" };
  const thinking: NewChunk = { role: "assistant", chunk: { type: "thinking", text: "secret" }, turnId: "q" };
  const first = [user("q"), image, thinking, call("t", "q"), result("t", "q"), error];
  const second = [user("r"), call("bad", "r"), result("bad", "r")];
  const { fixture, puppet, compact } = fixtureWith([...first, ...second, ...talk(5)]);
  void compact();
  await settle(fixture.clock);
  const { messages, tools, model, drainSteering } = puppet.run;
  assert.equal([model, tools, drainSteering()], ["m", [], undefined]);
  assert.is(messages.length, 1);
  const text = messages[0]?.chunks[0];
  assert.match(
    text?.type === "text" ? text.text : "",
    /User: q\n\[an image\]\n\nAssistant: \[called clock with \{"at":"noon"\}\]/,
  );
  assert.match(text?.type === "text" ? text.text : "", "Tools: [clock gave: 12]");
  assert.match(text?.type === "text" ? text.text : "", "Tools: [clock failed: 12]");
  assert.not.match(text?.type === "text" ? text.text : "", "secret");
  fixture.close();
});

test("a tool result is never separated from its call", () => {
  const steps = [user("q"), call("a", "q"), result("a", "q"), call("b", "q"), result("b", "q"), answer("end", "q")];
  const messages = messagesOf(steps);
  assert.is(messages.length, 6);
  assert.equal(
    [1, 2, 3, 4, 5, 6, 7].map((count) => firstKept(messages, count)),
    [5, 3, 3, 1, 1, 0, 0],
  );
  // If two turns use the same id, a result belongs to the nearest call.
  const again = messagesOf([...steps, user("r"), call("a", "r"), result("a", "r")]);
  assert.is(firstKept(again, 1), 7);
  // A result without its call pulls in no other message.
  assert.is(firstKept(messagesOf([user("q"), result("lost", "q")]), 1), 1);
  // A result late in a turn pulls in its call and every message in between.
  const late = messagesOf([
    call("x", "q"),
    user("steering", "q"),
    call("y", "q"),
    result("y", "q"),
    user("s", "q"),
    result("x", "q"),
  ]);
  assert.is(firstKept(late, 1), 0);
});

test("without messages to summarise, no model is asked and the outcome has the same shape", async () => {
  for (const chunks of [[], talk(5)]) {
    const { fixture, puppet, compact, texts } = fixtureWith(chunks);
    const outcome = await within(compact(), "the compaction");
    assert.ok("newConversationId" in outcome);
    assert.equal([outcome.messagesSummarized, outcome.messagesKept], [0, chunks.length]);
    assert.is(texts("c").length, chunks.length + 1);
    assert.match(String(texts("c")[0]?.[1]), "nothing came before");
    assert.is(fixture.store.chunks(outcome.newConversationId).length, chunks.length);
    assert.is(puppet.runs.length, 0);
  }
});

test("after two compactions the archives form a chain, and the second summary includes the first", async () => {
  const { fixture, puppet, compact } = fixtureWith(talk(8));
  const outcomes: string[] = [];
  for (const summary of ["first", "second"]) {
    const compacted = compact();
    puppet.say({ type: "text-delta", delta: summary });
    puppet.finish();
    await settle(fixture.clock);
    const outcome = await within(compacted, "the compaction");
    outcomes.push("newConversationId" in outcome ? outcome.newConversationId : outcome.message);
  }
  const asked = puppet.run.messages[0]?.chunks[0];
  assert.match(asked?.type === "text" ? asked.text : "", "Summary of what came before: first");
  assert.is(fixture.store.conversation("c")?.compactedFrom, outcomes[1]);
  assert.is(fixture.store.conversation(outcomes[1] ?? "")?.compactedFrom, outcomes[0]);
});

test("during a compaction, turns and another compaction are refused; queued texts open a turn after it", async () => {
  const { fixture, puppet, compact } = fixtureWith(talk(8));
  const compacted = compact();
  await settle(fixture.clock);
  assert.is(fixture.activity("c"), "compacting");
  const started = fixture.orchestrator.startTurn({ conversationId: "c", text: "x" });
  assert.is(started.started || started.reason, "already-active");
  const second = await within(compact(), "the second compaction");
  assert.is("code" in second && second.code, "turn-running");
  const queued = fixture.orchestrator.enqueue({ conversationId: "c", text: "meanwhile" });
  assert.ok("startedTurn" in queued && !queued.startedTurn);
  assert.is(fixture.conversations.status("c"), "queued");
  assert.not.ok(fixture.orchestrator.stopTurn("c").abortedTurn);
  const { events } = fixture.watch("c");
  puppet.say({ type: "text-delta", delta: "sum" });
  puppet.finish();
  await settle(fixture.clock);
  assert.ok("newConversationId" in (await within(compacted, "the compaction")));
  assert.is(events[0]?.type === "user-message" && events[0].text, "meanwhile");
  assert.equal(puppet.run.messages[0], { role: "system", chunks: [{ type: "system", text: "sum" }] });
  fixture.close();
});

test("texts queued before a compaction stay queued", async () => {
  const { fixture, puppet, compact, store } = fixtureWith(talk(8), { agents: [] });
  store.attempt([{ kind: "queue.added", conversationId: "c", message: { id: "m", text: "old", queuedAt: 1 } }]);
  fixture.close();
  const again = openFixture({ clock: fixture.clock, store, agents: [puppet.agent] });
  void compact;
  const compacted = again.conversations.compact("c");
  puppet.say({ type: "text-delta", delta: "sum" });
  puppet.finish();
  await settle(again.clock);
  assert.ok("newConversationId" in (await within(compacted, "the compaction")));
  assert.is(again.conversations.status("c"), "queued");
  again.close();
});

test("a compaction is refused during a turn, for an unknown conversation and for an unknown model", async () => {
  const { fixture, compact } = fixtureWith(talk(8));
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  const outcome = await within(compact(), "the refusal");
  assert.is("code" in outcome && outcome.code, "turn-running");
  const unknown = await within(fixture.conversations.compact("x"), "the refusal");
  assert.is("code" in unknown && unknown.code, "not-found");
  fixture.store.attempt([created("d", { model: "gone/away" })]);
  const model = await within(fixture.conversations.compact("d"), "the refusal");
  assert.is("code" in model && model.code, "unknown-model");
  fixture.close();
});

test("a model that fails, writes nothing or writes too much changes nothing", async () => {
  const failing = agentOf(async function* () {
    yield { type: "text-delta", delta: "half a sum" };
    throw new Error("no credit left");
  });
  const silent = agentOf(async function* () {
    yield { type: "text-delta", delta: " " };
    return { reason: "stop" };
  });
  const talkative = agentOf(async function* () {
    for (;;) yield { type: "text-delta", delta: "x".repeat(60) };
  });
  const limits = { compactionSummaryCharactersMax: 100 };
  for (const [agent, reason] of [
    [failing, "no credit left"],
    [silent, "wrote no summary"],
    [talkative, "longer than 100 characters"],
  ] as const) {
    const { fixture, compact } = fixtureWith(talk(8), { agents: [agent], limits });
    const compacted = compact();
    await settle(fixture.clock);
    const outcome = await within(compacted, "the failure");
    assert.is("code" in outcome && outcome.code, "internal");
    assert.match("message" in outcome ? outcome.message : "", reason);
    assert.is(fixture.store.latestSeq("c"), 16);
    assert.is(fixture.store.conversations().length, 1);
    assert.equal(fixture.announced, []);
    assert.is(fixture.clock.pending, 0);
  }
});

test("a compaction times out after 300 s, and a drain ends it", async () => {
  const late = fixtureWith(talk(8), { agents: [new Puppet({ heedsAbort: false }).agent] });
  const compacted = late.compact();
  await settle(late.fixture.clock);
  late.fixture.clock.advance(5 * 60_000);
  const outcome = await within(compacted, "the time-out");
  assert.match("message" in outcome ? outcome.message : "", "within 300 seconds");
  assert.is(late.fixture.clock.pending, 0);

  const drained = fixtureWith(talk(8));
  const stopped = drained.compact();
  await settle(drained.fixture.clock);
  const drain = drained.fixture.drain(1_000);
  await settle(drained.fixture.clock);
  drained.fixture.clock.advance(1_000);
  await within(drain, "the drain");
  const answer = await within(stopped, "the compaction's end");
  assert.is("code" in answer && answer.code, "draining");
  assert.is(drained.fixture.store.latestSeq("c"), 16);
  const after = await within(drained.compact(), "the refusal");
  assert.is("code" in after && after.code, "draining");
});

test("a store failure or a defect at the end of a compaction changes nothing", async () => {
  const { fixture, store, puppet, compact } = fixtureWith(talk(8));
  for (const [failure, code] of [
    [new StoreError("the disk is full"), "storage-failed"],
    [new TypeError("a defect"), "internal"],
  ] as const) {
    const compacted = compact();
    await settle(fixture.clock);
    store.fails = failure;
    puppet.say({ type: "text-delta", delta: "sum" });
    puppet.finish();
    await settle(fixture.clock);
    const outcome = await within(compacted, "the failure");
    assert.is("code" in outcome && outcome.code, code);
    store.fails = undefined;
    assert.is(fixture.store.latestSeq("c"), 16);
  }
  assert.is(fixture.registry.count("conversation"), 0);
});

test("a conversation that is closed during a compaction is closed afterwards", async () => {
  const { fixture, puppet, compact } = fixtureWith(talk(8));
  const compacted = compact();
  fixture.orchestrator.enqueue({ conversationId: "c", text: "never sent" });
  assert.not.ok(fixture.orchestrator.closeConversation("c").abortedTurn);
  puppet.say({ type: "text-delta", delta: "sum" });
  puppet.finish();
  await settle(fixture.clock);
  assert.ok("newConversationId" in (await within(compacted, "the compaction")));
  assert.is(fixture.conversations.status("c"), "closed");
  assert.equal(fixture.store.queue("c"), []);
});

test.run();
