// The queued texts of a conversation: which ones open the next turn, which are handed to the agent, and that none is
// lost (protocol 1.5.6).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import {
  type FixtureOptions,
  failingStore,
  memoryStore,
  openFixture,
  Puppet,
  refusalOf,
  settle,
} from "../support/orchestrator-fixture.ts";

const test = suite("the orchestrator's queue");

async function running(options: FixtureOptions = {}) {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent], ...options });
  const watch = fixture.watch("c");
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "go" }).started);
  await settle(fixture.clock);
  const queue = (text: string) => fixture.orchestrator.enqueue({ conversationId: "c", text });
  const waiting = () => fixture.conversations.queue("c").map(({ text }) => text);
  const questions = () => watch.events.flatMap((event) => (event.type === "user-message" ? [event.text] : []));
  return { puppet, fixture, queue, waiting, questions, ...watch };
}

test("a text starts a turn if none is running", async () => {
  const fixture = openFixture({ agents: [new Puppet().agent] });
  const outcome = fixture.orchestrator.enqueue({ conversationId: "c", text: "hello", workspaceId: "w" });
  assert.ok("startedTurn" in outcome && outcome.startedTurn && outcome.turnId);
  assert.equal(outcome.queue, []);
  assert.is(fixture.store.conversation("c")?.workspaceId, "w");
  fixture.close();
});

test("a text that arrives during a turn is queued and stored", async () => {
  const { fixture, queue, waiting } = await running();
  const outcome = queue("later");
  assert.ok("startedTurn" in outcome && !outcome.startedTurn);
  assert.is(outcome.queue.length, 1);
  assert.is(outcome.queue[0]?.id, outcome.messageId);
  assert.is(outcome.queue[0]?.queuedAt, fixture.clock.wall());
  assert.equal(fixture.store.queue("c"), outcome.queue);
  assert.equal(waiting(), ["later"]);
  fixture.close();
});

test("the queue holds at most 10 texts of at most 16,000 characters", async () => {
  const { fixture, queue, waiting } = await running();
  const long = queue("x".repeat(16_001));
  assert.is("reason" in long && long.reason, "too-large");
  assert.match("message" in long ? (long.message ?? "") : "", "16000");
  for (let count = 0; count < 10; count++) assert.ok("startedTurn" in queue("x".repeat(16_000)));
  const full = queue("one too many");
  assert.is("reason" in full && full.reason, "queue-full");
  assert.is(waiting().length, 10);
  fixture.close();
});

test("texts queued when a turn ends are joined and open the next turn, and the status stays active", async () => {
  const { puppet, fixture, queue, waiting, types, events, questions } = await running();
  queue("one");
  queue("two");
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(questions(), ["go", "one\n\ntwo"]);
  assert.equal(types().slice(2), ["done", "turn-sealed", "user-message", "turn-start"]);
  assert.not.ok(types().includes("steering"));
  assert.is(new Set(events.map(({ turnId }) => turnId)).size, 2);
  assert.equal(waiting(), []);
  assert.equal(fixture.store.queue("c"), []);
  assert.equal(fixture.store.chunks("c").at(-1)?.chunk, { type: "text", text: "one\n\ntwo" });
  assert.equal(fixture.announced, ["conversation.statusChanged c active"]);
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(fixture.announced.slice(1), ["conversation.statusChanged c idle"]);
});

test("queued texts open the next turn after an error or a cancel too", async () => {
  const { puppet, fixture, queue, questions } = await running();
  queue("after the error");
  puppet.fail(new Error("broken"));
  await settle(fixture.clock);
  queue("after the cancel");
  fixture.cancelTurn("c");
  await settle(fixture.clock);
  assert.equal(questions(), ["go", "after the error", "after the cancel"]);
  fixture.close();
});

test("a queued text can be withdrawn once, by its id", async () => {
  const { puppet, fixture, queue, waiting, questions } = await running();
  const { orchestrator } = fixture;
  queue("one");
  const outcome = queue("two");
  const messageId = ("messageId" in outcome && outcome.messageId) || "";
  const answer = orchestrator.cancelQueuedMessage({ conversationId: "c", messageId });
  assert.ok(answer.cancelled);
  assert.equal(
    answer.queue.map(({ text }) => text),
    ["one"],
  );
  assert.not.ok(orchestrator.cancelQueuedMessage({ conversationId: "c", messageId }).cancelled);
  assert.equal(orchestrator.cancelQueuedMessage({ conversationId: "x", messageId }), { cancelled: false, queue: [] });
  assert.equal(waiting(), ["one"]);
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(questions(), ["go", "one"]);
  fixture.close();
});

test("texts queued at a tool boundary leave the queue and become a steering event and a user chunk", async () => {
  const { puppet, fixture, queue, waiting, events } = await running();
  queue("one");
  queue("two");
  puppet.say({ type: "text-delta", delta: "working" }, { type: "step-complete", stepId: "s1" });
  await settle(fixture.clock);
  assert.is(puppet.run.drainSteering(), "one\n\ntwo");
  assert.is(puppet.run.drainSteering(), undefined);
  assert.equal(waiting(), []);
  assert.is(fixture.store.queue("c").length, 2, "the texts stay stored until the agent has taken them");
  puppet.say({ type: "steering", text: "whatever the agent says" });
  await settle(fixture.clock);
  const steering = events.find((event) => event.type === "steering");
  assert.is(steering?.text, "one\n\ntwo");
  assert.equal(fixture.store.queue("c"), []);
  assert.equal(
    fixture.store.chunks("c").map(({ role, chunk }) => [role, "text" in chunk && chunk.text]),
    [
      ["user", "go"],
      ["assistant", "working"],
      ["user", "one\n\ntwo"],
    ],
  );
  fixture.close();
});

test("texts that were drained but not yielded return to the queue, before later texts", async () => {
  const { puppet, fixture, queue, waiting, questions } = await running();
  queue("one");
  assert.is(puppet.run.drainSteering(), "one");
  queue("two");
  const [message] = fixture.conversations.queue("c");
  assert.is(message?.text, "two");
  fixture.setRefusing("not now");
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(waiting(), ["one", "two"]);
  assert.is(puppet.run.drainSteering(), undefined, "an ended turn gets no text");
  assert.is(fixture.conversations.status("c"), "queued");
  fixture.setRefusing(undefined);
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "three" }).started);
  assert.equal(questions(), ["go", "one\n\ntwo\n\nthree"]);
  fixture.close();
});

test("at the limit of running turns another is refused, but queued texts may still follow an ended turn", async () => {
  const { puppet, fixture, queue, waiting } = await running({ limits: { runningTurnsMax: 1 } });
  assert.is(fixture.runningTurns(), 1);
  const refusal = refusalOf(fixture.orchestrator.startTurn({ conversationId: "other", text: "x" }));
  assert.equal(refusal, {
    reason: "too-many",
    message: "1 turns are running, the maximum: try again later",
  });
  queue("one");
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(waiting(), []);
  assert.is(fixture.runningTurns(), 1);
  puppet.finish();
  await settle(fixture.clock);
  assert.is(fixture.runningTurns(), 0);
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "other", text: "x" }).started);
  fixture.close();
});

test("queued texts open the next turn even while other turns are refused for lack of memory", async () => {
  let isFull = false;
  const full = { started: false, reason: "refusing-turns", message: "full" } as const;
  const { puppet, fixture, queue, waiting, questions } = await running({ refusal: () => (isFull ? full : undefined) });
  queue("one");
  isFull = true;
  const refusal = refusalOf(fixture.orchestrator.startTurn({ conversationId: "other", text: "x" }));
  assert.equal(refusal, { reason: "refusing-turns", message: "full" });
  puppet.finish();
  await settle(fixture.clock);
  assert.equal([waiting(), questions()], [[], ["go", "one"]]);
  fixture.close();
});

test("a text handed to the agent cannot be withdrawn and counts towards the queue limit", async () => {
  const { puppet, fixture, queue } = await running({ limits: { queuedTextsMax: 1 } });
  const outcome = queue("one");
  const messageId = ("messageId" in outcome && outcome.messageId) || "";
  puppet.run.drainSteering();
  assert.not.ok(fixture.orchestrator.cancelQueuedMessage({ conversationId: "c", messageId }).cancelled);
  const full = queue("two");
  assert.is("reason" in full && full.reason, "queue-full");
  fixture.close();
});

test("after an interrupted turn the queue is kept, and the next text, sent or queued, is appended to it", async () => {
  for (const by of ["send", "queue"]) {
    const clock = new SimulatedClock();
    const store = memoryStore(clock);
    const { fixture: before, queue } = await running({ clock, store });
    queue("one");
    await before.drain(0);
    await settle(clock);
    assert.is(before.conversations.status("c"), "queued");
    before.close();

    const puppet = new Puppet();
    const fixture = openFixture({ agents: [puppet.agent], clock, store });
    assert.is(fixture.registry.count("conversation"), 1);
    assert.is(fixture.conversations.status("c"), "queued");
    const { events } = fixture.watch("c");
    assert.equal(events, []);
    if (by === "send") fixture.orchestrator.startTurn({ conversationId: "c", text: "two" });
    else fixture.orchestrator.enqueue({ conversationId: "c", text: "two" });
    assert.is(events[0]?.type === "user-message" && events[0].text, "one\n\ntwo");
    assert.equal(fixture.store.queue("c"), []);
    fixture.close();
  }
});

test("if the next turn is refused, the queued texts stay", async () => {
  const { puppet, fixture, queue, waiting, types } = await running();
  queue("one");
  fixture.setRefusing("not now");
  puppet.finish();
  await settle(fixture.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.equal(waiting(), ["one"]);
  assert.is(fixture.conversations.status("c"), "queued");
  assert.equal(fixture.announced, ["conversation.statusChanged c active", "conversation.statusChanged c queued"]);
  const [message] = fixture.conversations.queue("c");
  fixture.orchestrator.cancelQueuedMessage({ conversationId: "c", messageId: message?.id ?? "" });
  assert.is(fixture.conversations.status("c"), "idle");
  fixture.close();
});

test("withdrawing the last text of an unwatched conversation ends its actor", async () => {
  const { puppet, fixture, queue, leave } = await running();
  queue("one");
  leave();
  fixture.setRefusing("not now");
  puppet.finish();
  await settle(fixture.clock);
  assert.is(fixture.registry.count("conversation"), 1);
  const [message] = fixture.conversations.queue("c");
  fixture.orchestrator.cancelQueuedMessage({ conversationId: "c", messageId: message?.id ?? "" });
  assert.is(fixture.registry.count("conversation"), 0);
  assert.equal(fixture.announced.at(-1), "conversation.statusChanged c idle");
});

test("closing a conversation clears its queue, including texts handed to the agent", async () => {
  const { puppet, fixture, queue, waiting } = await running();
  queue("one");
  puppet.run.drainSteering();
  queue("two");
  fixture.orchestrator.closeConversation("c");
  await settle(fixture.clock);
  assert.equal(waiting(), []);
  assert.equal(fixture.store.queue("c"), []);
});

test("a store that fails loses no text", async () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const { fixture, queue, waiting } = await running({ clock, store });
  queue("kept");
  const [message] = fixture.conversations.queue("c");
  store.fails = new StoreError("the disk is full");
  const refused = queue("not stored");
  assert.is("reason" in refused && refused.reason, "storage-failed");
  const cancel = { conversationId: "c", messageId: message?.id ?? "" };
  assert.not.ok(fixture.orchestrator.cancelQueuedMessage(cancel).cancelled);
  assert.equal(waiting(), ["kept"]);
  store.fails = undefined;
  assert.ok(fixture.orchestrator.cancelQueuedMessage(cancel).cancelled);
  fixture.close();
});

test.run();
