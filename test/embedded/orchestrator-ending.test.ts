// How turns end: cancelled, stopped, closed, unsealed while the store fails, or interrupted by a stop of the server.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Store, StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { within } from "../support/deadline.ts";
import {
  type FixtureOptions,
  failingStore,
  memoryStore,
  openFixture,
  Puppet,
  settle,
} from "../support/orchestrator-fixture.ts";

const test = suite("the end of a turn");

const delta = (text: string) => ({ type: "text-delta", delta: text });

async function running(options: FixtureOptions = {}, heedsAbort = true) {
  const puppet = new Puppet({ heedsAbort });
  const fixture = openFixture({ agents: [puppet.agent], ...options });
  const watch = fixture.watch("c");
  const outcome = fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  assert.ok(outcome.started);
  puppet.say(delta("partial"));
  await settle(fixture.clock);
  return { puppet, fixture, turnId: outcome.turnId, ...watch };
}

const errorMessage = (events: { type: string }[]) =>
  events.flatMap((event) => (event.type === "done" && "reason" in event ? [event.reason] : []));

test("cancel sends `done` at once, stores the text so far and drops later events", async () => {
  const { puppet, fixture, turnId, events, types } = await running();
  assert.equal(fixture.cancelTurn("c", turnId), { cancelled: true, turnId });
  assert.equal(types(), ["user-message", "turn-start", "text-delta", "done"]);
  assert.ok(puppet.run.signal.aborted);
  puppet.say(delta("late"));
  await settle(fixture.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.equal(errorMessage(events), ["aborted"]);
  assert.equal(fixture.store.chunks("c").at(-1)?.chunk, { type: "text", text: "partial" });
  assert.is(fixture.store.turn(turnId)?.reason, "aborted");
});

test("a turn can be cancelled before its agent has been called", async () => {
  const puppet = new Puppet();
  const fixture = openFixture({ agents: [puppet.agent] });
  const { types } = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  assert.ok(fixture.cancelTurn("c").cancelled);
  await settle(fixture.clock);
  assert.equal(types(), ["user-message", "turn-start", "done", "turn-sealed"]);
  assert.is(puppet.runs.length, 0);
});

test("cancelling another turn, no turn, or a turn after its `done` has no effect", async () => {
  const { fixture, types } = await running({}, false);
  assert.equal(fixture.cancelTurn("c", "another"), { cancelled: false });
  assert.equal(fixture.cancelTurn("nobody"), { cancelled: false });
  assert.ok(fixture.cancelTurn("c").cancelled);
  assert.equal(fixture.cancelTurn("c"), { cancelled: false });
  assert.not.ok(fixture.orchestrator.stopTurn("c").abortedTurn);
  assert.is(types().filter((type) => type === "done").length, 1);
  fixture.clock.advance(5_000);
  await settle(fixture.clock);
  assert.equal(fixture.cancelTurn("c"), { cancelled: false });
  assert.is(types().at(-1), "turn-sealed");
});

test("close aborts the turn, discards the queue and marks the conversation closed until its next text", async () => {
  const { fixture, types } = await running();
  fixture.orchestrator.enqueue({ conversationId: "c", text: "never sent" });
  assert.ok(fixture.orchestrator.closeConversation("c").abortedTurn);
  await settle(fixture.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(fixture.conversations.status("c"), "closed");
  assert.ok(fixture.store.conversation("c")?.closed);
  assert.equal(fixture.store.queue("c"), []);
  assert.ok(fixture.orchestrator.enqueue({ conversationId: "c", text: "again" }));
  assert.is(fixture.conversations.status("c"), "active");
  assert.not.ok(fixture.store.conversation("c")?.closed);
  fixture.close();
});

test("a text sent after a close, while the agent is still stopping, opens the next turn", async () => {
  const { puppet, fixture, types } = await running({}, false);
  fixture.orchestrator.closeConversation("c");
  const outcome = fixture.orchestrator.enqueue({ conversationId: "c", text: "anew" });
  assert.not.ok("startedTurn" in outcome && outcome.startedTurn);
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(types().slice(4), ["turn-sealed", "user-message", "turn-start"]);
  assert.not.ok(fixture.store.conversation("c")?.closed);
  fixture.close();
});

test("a close while the agent is still stopping remains in effect after the seal", async () => {
  const { fixture, types } = await running({}, false);
  fixture.orchestrator.stopTurn("c");
  assert.not.ok(fixture.orchestrator.closeConversation("c").abortedTurn);
  fixture.clock.advance(5_000);
  await settle(fixture.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(fixture.conversations.status("c"), "closed");
});

test("while the store fails, a turn stays unsealed and is retried, new turns are refused, and reads work", async () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const { puppet, fixture, types } = await running({ clock, store });
  store.fails = new StoreError("the disk is full");
  puppet.finish();
  await settle(clock);
  assert.is(types().at(-1), "done");
  for (let second = 0; second < 3; second++) clock.advance(1_000);
  await settle(clock);
  assert.is(types().at(-1), "done");
  assert.ok(fixture.orchestrator.isActive("c"));
  assert.is(fixture.activity("c"), "sealing");
  const second = fixture.orchestrator.startTurn({ conversationId: "c", text: "two" });
  assert.is(second.started || second.reason, "already-active");
  const elsewhere = fixture.orchestrator.startTurn({ conversationId: "d", text: "two" });
  assert.is(elsewhere.started || elsewhere.reason, "storage-failed");
  const queued = fixture.orchestrator.enqueue({ conversationId: "c", text: "three" });
  assert.is("reason" in queued && queued.reason, "storage-failed");
  assert.is(fixture.conversations.history("c", {}).latestSeq, 1);
  store.fails = undefined;
  clock.advance(1_000);
  await settle(clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.equal(
    fixture.store.chunks("c").map(({ chunk }) => chunk),
    [
      { type: "text", text: "go" },
      { type: "text", text: "partial" },
    ],
  );
  assert.is(clock.pending, 0);
});

/** A store that throws between a seal's commit and its broadcast whenever hasDefect returns true. */
function defectiveStore(inner: Store, hasDefect: () => boolean): Store {
  let isSealing = false;
  return new Proxy(inner, {
    get(_, name) {
      const value: unknown = Reflect.get(inner, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (name === "attempt") isSealing = JSON.stringify(args).includes('"turn.ended"');
        if (name === "latestSeq" && isSealing && hasDefect()) throw new TypeError("a defect");
        if (name === "latestSeq") isSealing = false;
        return value.apply(inner, args);
      };
    },
  });
}

const times = (count: number) => (): boolean => count-- > 0;

test("a defect while sealing ends the actor, and a new actor seals the turn", async () => {
  const clock = new SimulatedClock();
  const { puppet, fixture, types } = await running({ clock, store: defectiveStore(memoryStore(clock), times(1)) });
  puppet.finish();
  await settle(clock);
  assert.is(fixture.lines.filter(({ message }) => message.includes("actor failed")).length, 1);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(fixture.store.latestSeq("c"), 2);
  assert.is(fixture.conversations.status("c"), "idle");
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "two" }).started);
  fixture.close();
});

test("a repeated defect ends its conversation's actor and affects no other conversation", async () => {
  const clock = new SimulatedClock();
  const { puppet, fixture, types } = await running({ clock, store: defectiveStore(memoryStore(clock), times(2)) });
  puppet.finish();
  await settle(clock);
  assert.is(fixture.lines.filter(({ message }) => message.includes("actor failed")).length, 2);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(types().at(-1), "done");
  const other = fixture.watch("d");
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "d", text: "hi" }).started);
  puppet.finish();
  await settle(clock);
  assert.is(other.types().at(-1), "turn-sealed");
  assert.is(clock.pending, 0);
});

test("a conversation that fails in mid-turn leaves no turn actor behind", async () => {
  const clock = new SimulatedClock();
  const { puppet, fixture, types } = await running({ clock });
  assert.is(fixture.registry.count("turn"), 1);
  const { store } = fixture;
  const append = store.append.bind(store);
  store.append = () => {
    store.append = append;
    throw new TypeError("a defect");
  };
  // The close is stored inside an action of the chart, so the defect is thrown there.
  fixture.orchestrator.closeConversation("c");
  await settle(clock);
  assert.is(fixture.lines.filter(({ message }) => message.includes("actor failed")).length, 1);
  puppet.finish();
  await settle(clock);
  clock.advance(10_000);
  await settle(clock);
  assert.ok(types().includes("turn-sealed"), types().join());
  assert.is(fixture.registry.count("turn"), fixture.conversations.status("c") === "active" ? 1 : 0);
  fixture.close();
});

test("two defects in different turns do not count as repeated, and each turn is sealed for its watchers", async () => {
  const clock = new SimulatedClock();
  let broken = true;
  const store = defectiveStore(memoryStore(clock), () => {
    const isDue = broken;
    broken = false;
    return isDue;
  });
  const { puppet, fixture, types } = await running({ clock, store });
  puppet.finish();
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 1);
  broken = true;
  assert.ok(fixture.orchestrator.startTurn({ conversationId: "c", text: "two" }).started);
  await settle(clock);
  puppet.finish();
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 2);
  assert.is(fixture.conversations.status("c"), "idle");
  fixture.close();
});

test("the next use of a conversation whose actor has failed seals its turn, and watchers get all events", async () => {
  const clock = new SimulatedClock();
  const { puppet, fixture, types } = await running({ clock, store: defectiveStore(memoryStore(clock), times(2)) });
  puppet.finish();
  await settle(clock);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(types().at(-1), "done");
  const outcome = fixture.orchestrator.enqueue({ conversationId: "c", text: "and then?" });
  assert.ok("queue" in outcome, JSON.stringify(outcome));
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 1);
  puppet.finish();
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 2);
  assert.is(types().filter((type) => type === "user-message").length, 2);
  fixture.close();
  assert.is(clock.pending, 0);
});

test("a drain lets running turns end and starts no new turn", async () => {
  const { puppet, fixture, events } = await running();
  fixture.orchestrator.enqueue({ conversationId: "c", text: "waits" });
  const drained = fixture.drain(10_000);
  await settle(fixture.clock);
  puppet.finish();
  await within(drained, "the drain");
  assert.equal(errorMessage(events), ["stop"]);
  assert.is(events.at(-1)?.type, "turn-sealed");
  assert.equal(
    fixture.store.queue("c").map(({ text }) => text),
    ["waits"],
    "no queued text opens a turn while the server stops",
  );
  assert.is(fixture.conversations.status("c"), "queued");
  fixture.close();
  fixture.clock.settle();
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(fixture.clock.pending, 0);
});

test("a turn running at the drain's deadline ends as interrupted; its text is stored and its queue kept", async () => {
  const { fixture, events, turnId } = await running();
  fixture.orchestrator.enqueue({ conversationId: "c", text: "waits" });
  const drained = fixture.drain(10_000);
  await settle(fixture.clock);
  fixture.clock.advance(10_000);
  await settle(fixture.clock);
  await within(drained, "the drain");
  assert.equal(errorMessage(events), ["interrupted"]);
  assert.not.ok(events.some(({ type }) => type === "error"));
  assert.is(fixture.store.turn(turnId)?.reason, "interrupted");
  assert.equal(fixture.store.chunks("c").at(-1)?.chunk, { type: "text", text: "partial" });
  assert.is(fixture.store.queue("c").length, 1);
  fixture.close();
  assert.is(fixture.clock.pending, 0);
});

test("a second drain with an earlier deadline ends the first one, and a drain without turns ends at once", async () => {
  const { fixture, events } = await running();
  const drained = fixture.drain(60_000);
  await settle(fixture.clock);
  await within(fixture.drain(0), "the hurried drain");
  await within(drained, "the first drain");
  assert.equal(errorMessage(events), ["interrupted"]);
  await within(fixture.drain(60_000), "a drain with nothing to wait for");
  fixture.close();
  fixture.clock.settle();
  assert.is(fixture.clock.pending, 0);
});

test("a drain does not wait forever for agents that never end or for turns that cannot be stored", async () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const { fixture, types } = await running({ clock, store }, false);
  store.fails = new StoreError("the disk is full");
  const drained = fixture.drain(0);
  await settle(clock);
  clock.advance(7_000);
  await within(drained, "the drain");
  assert.is(types().at(-1), "done");
  assert.ok(fixture.lines.some(({ message }) => message.includes("left unsealed")));
  fixture.close();
  store.fails = undefined;
  assert.is(store.unsealedTurns().length, 1);
  clock.settle();
  assert.is(clock.pending, 0);
});

test("closing the orchestrator ends all actors, and a running turn is interrupted and sealed", async () => {
  const { puppet, fixture, events, turnId } = await running();
  const idle = fixture.watch("d");
  fixture.close();
  await settle(fixture.clock);
  assert.equal(errorMessage(events), ["interrupted"]);
  assert.is(events.at(-1)?.type, "turn-sealed");
  assert.is(fixture.store.turn(turnId)?.reason, "interrupted");
  assert.ok(puppet.run.signal.aborted);
  assert.is(fixture.registry.count("conversation"), 0);
  assert.is(fixture.clock.pending, 0);
  assert.equal(idle.events, []);
  assert.is(fixture.orchestrator.startTurn({ conversationId: "c", text: "late" }).started, false);
  assert.is(fixture.registry.count("conversation"), 0);
});

test.run();
