// How turns end: cancelled, stopped, closed, unsealed while the store fails, interrupted by a stop of the server.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Store, StoreError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { within } from "../support/deadline.ts";
import {
  failingStore,
  type HouseOptions,
  memoryStore,
  openHouse,
  Puppet,
  settle,
} from "../support/orchestrator-house.ts";

const test = suite("the end of a turn");

const delta = (text: string) => ({ type: "text-delta", delta: text });

async function running(options: HouseOptions = {}, heedsAbort = true) {
  const puppet = new Puppet({ heedsAbort });
  const house = openHouse({ agents: [puppet.agent], ...options });
  const watch = house.watch("c");
  const outcome = house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  assert.ok(outcome.started);
  puppet.say(delta("partial"));
  await settle(house.clock);
  return { puppet, house, turnId: outcome.turnId, ...watch };
}

const errorMessage = (events: { type: string }[]) =>
  events.flatMap((event) => (event.type === "done" && "reason" in event ? [event.reason] : []));

test("cancel puts done out at once, stores what was said, and drops what comes after", async () => {
  const { puppet, house, turnId, events, types } = await running();
  assert.equal(house.cancelTurn("c", turnId), { cancelled: true, turnId });
  assert.equal(types(), ["user-message", "turn-start", "text-delta", "done"]);
  assert.ok(puppet.run.signal.aborted);
  puppet.say(delta("late"));
  await settle(house.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.equal(errorMessage(events), ["aborted"]);
  assert.equal(house.store.chunks("c").at(-1)?.chunk, { type: "text", text: "partial" });
  assert.is(house.store.turn(turnId)?.reason, "aborted");
});

test("a turn may be cancelled before its agent has been asked", async () => {
  const puppet = new Puppet();
  const house = openHouse({ agents: [puppet.agent] });
  const { types } = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  assert.ok(house.cancelTurn("c").cancelled);
  await settle(house.clock);
  assert.equal(types(), ["user-message", "turn-start", "done", "turn-sealed"]);
  assert.is(puppet.runs.length, 0);
});

test("cancelling another turn, none, or one whose done is out has no effect", async () => {
  const { house, types } = await running({}, false);
  assert.equal(house.cancelTurn("c", "another"), { cancelled: false });
  assert.equal(house.cancelTurn("nobody"), { cancelled: false });
  assert.ok(house.cancelTurn("c").cancelled);
  assert.equal(house.cancelTurn("c"), { cancelled: false });
  assert.not.ok(house.orchestrator.stopTurn("c").abortedTurn);
  assert.is(types().filter((type) => type === "done").length, 1);
  house.clock.advance(5_000);
  await settle(house.clock);
  assert.equal(house.cancelTurn("c"), { cancelled: false });
  assert.is(types().at(-1), "turn-sealed");
});

test("close aborts the turn, discards the queue and marks the conversation until its next text", async () => {
  const { house, types } = await running();
  house.orchestrator.enqueue({ conversationId: "c", text: "never sent" });
  assert.ok(house.orchestrator.closeConversation("c").abortedTurn);
  await settle(house.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(house.conversations.status("c"), "closed");
  assert.ok(house.store.conversation("c")?.closed);
  assert.equal(house.store.queue("c"), []);
  assert.ok(house.orchestrator.enqueue({ conversationId: "c", text: "again" }));
  assert.is(house.conversations.status("c"), "active");
  assert.not.ok(house.store.conversation("c")?.closed);
  house.close();
});

test("a text that comes after a close, while the agent still stops, opens the next turn", async () => {
  const { puppet, house, types } = await running({}, false);
  house.orchestrator.closeConversation("c");
  const outcome = house.orchestrator.enqueue({ conversationId: "c", text: "anew" });
  assert.not.ok("startedTurn" in outcome && outcome.startedTurn);
  puppet.finish();
  await settle(house.clock);
  assert.equal(types().slice(4), ["turn-sealed", "user-message", "turn-start"]);
  assert.not.ok(house.store.conversation("c")?.closed);
  house.close();
});

test("a close while the agent still stops holds after the seal", async () => {
  const { house, types } = await running({}, false);
  house.orchestrator.stopTurn("c");
  assert.not.ok(house.orchestrator.closeConversation("c").abortedTurn);
  house.clock.advance(5_000);
  await settle(house.clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(house.conversations.status("c"), "closed");
});

test("while the store fails a turn stays unsealed, is tried again, turns are refused, reads go on", async () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const { puppet, house, types } = await running({ clock, store });
  store.fails = new StoreError("the disk is full");
  puppet.finish();
  await settle(clock);
  assert.is(types().at(-1), "done");
  for (let second = 0; second < 3; second++) clock.advance(1_000);
  await settle(clock);
  assert.is(types().at(-1), "done");
  assert.ok(house.orchestrator.isActive("c"));
  assert.is(house.activity("c"), "sealing");
  const second = house.orchestrator.startTurn({ conversationId: "c", text: "two" });
  assert.is(second.started || second.reason, "already-active");
  const elsewhere = house.orchestrator.startTurn({ conversationId: "d", text: "two" });
  assert.is(elsewhere.started || elsewhere.reason, "storage-failed");
  const queued = house.orchestrator.enqueue({ conversationId: "c", text: "three" });
  assert.is("reason" in queued && queued.reason, "storage-failed");
  assert.is(house.conversations.history("c", {}).latestSeq, 1);
  store.fails = undefined;
  clock.advance(1_000);
  await settle(clock);
  assert.is(types().at(-1), "turn-sealed");
  assert.equal(
    house.store.chunks("c").map(({ chunk }) => chunk),
    [
      { type: "text", text: "go" },
      { type: "text", text: "partial" },
    ],
  );
  assert.is(clock.pending, 0);
});

/** A defect between a seal's commit and its news, as often as this is true. */
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

test("a defect while sealing ends the actor, not the turn: another actor seals it", async () => {
  const clock = new SimulatedClock();
  const { puppet, house, types } = await running({ clock, store: defectiveStore(memoryStore(clock), times(1)) });
  puppet.finish();
  await settle(clock);
  assert.is(house.lines.filter(({ message }) => message.includes("actor failed")).length, 1);
  assert.is(types().at(-1), "turn-sealed");
  assert.is(house.store.latestSeq("c"), 2);
  assert.is(house.conversations.status("c"), "idle");
  assert.ok(house.orchestrator.startTurn({ conversationId: "c", text: "two" }).started);
  house.close();
});

test("a defect that returns costs its conversation, and no other", async () => {
  const clock = new SimulatedClock();
  const { puppet, house, types } = await running({ clock, store: defectiveStore(memoryStore(clock), times(2)) });
  puppet.finish();
  await settle(clock);
  assert.is(house.lines.filter(({ message }) => message.includes("actor failed")).length, 2);
  assert.is(house.registry.count("conversation"), 0);
  assert.is(types().at(-1), "done");
  const other = house.watch("d");
  assert.ok(house.orchestrator.startTurn({ conversationId: "d", text: "hi" }).started);
  puppet.finish();
  await settle(clock);
  assert.is(other.types().at(-1), "turn-sealed");
  assert.is(clock.pending, 0);
});

test("a conversation that fails in mid-turn leaves no actor of its turn behind", async () => {
  const clock = new SimulatedClock();
  const { puppet, house, types } = await running({ clock });
  assert.is(house.registry.count("turn"), 1);
  const { store } = house;
  const append = store.append.bind(store);
  store.append = () => {
    store.append = append;
    throw new TypeError("a defect");
  };
  // Closing is stored in the midst of the chart's own action.
  house.orchestrator.closeConversation("c");
  await settle(clock);
  assert.is(house.lines.filter(({ message }) => message.includes("actor failed")).length, 1);
  puppet.finish();
  await settle(clock);
  clock.advance(10_000);
  await settle(clock);
  assert.ok(types().includes("turn-sealed"), types().join());
  assert.is(house.registry.count("turn"), house.conversations.status("c") === "active" ? 1 : 0);
  house.close();
});

test("two defects far apart are not one that returns: each turn is sealed, and its watchers hear it", async () => {
  const clock = new SimulatedClock();
  let broken = true;
  const store = defectiveStore(memoryStore(clock), () => {
    const isDue = broken;
    broken = false;
    return isDue;
  });
  const { puppet, house, types } = await running({ clock, store });
  puppet.finish();
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 1);
  broken = true;
  assert.ok(house.orchestrator.startTurn({ conversationId: "c", text: "two" }).started);
  await settle(clock);
  puppet.finish();
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 2);
  assert.is(house.conversations.status("c"), "idle");
  house.close();
});

test("who watches a conversation that has fallen hears its turn sealed at its next use, and what follows", async () => {
  const clock = new SimulatedClock();
  const { puppet, house, types } = await running({ clock, store: defectiveStore(memoryStore(clock), times(2)) });
  puppet.finish();
  await settle(clock);
  assert.is(house.registry.count("conversation"), 0);
  assert.is(types().at(-1), "done");
  const outcome = house.orchestrator.enqueue({ conversationId: "c", text: "and then?" });
  assert.ok("queue" in outcome, JSON.stringify(outcome));
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 1);
  puppet.finish();
  await settle(clock);
  assert.is(types().filter((type) => type === "turn-sealed").length, 2);
  assert.is(types().filter((type) => type === "user-message").length, 2);
  house.close();
  assert.is(clock.pending, 0);
});

test("a drain lets running turns end by themselves, and refuses new ones", async () => {
  const { puppet, house, events } = await running();
  house.orchestrator.enqueue({ conversationId: "c", text: "waits" });
  const drained = house.drain(10_000);
  await settle(house.clock);
  puppet.finish();
  await within(drained, "the drain");
  assert.equal(errorMessage(events), ["stop"]);
  assert.is(events.at(-1)?.type, "turn-sealed");
  assert.equal(
    house.store.queue("c").map(({ text }) => text),
    ["waits"],
    "nothing is carried over while the server stops",
  );
  assert.is(house.conversations.status("c"), "queued");
  house.close();
  house.clock.settle();
  assert.is(house.registry.count("conversation"), 0);
  assert.is(house.clock.pending, 0);
});

test("what runs at the drain's deadline ends interrupted, with its text stored and its queue kept", async () => {
  const { house, events, turnId } = await running();
  house.orchestrator.enqueue({ conversationId: "c", text: "waits" });
  const drained = house.drain(10_000);
  await settle(house.clock);
  house.clock.advance(10_000);
  await settle(house.clock);
  await within(drained, "the drain");
  assert.equal(errorMessage(events), ["interrupted"]);
  assert.not.ok(events.some(({ type }) => type === "error"));
  assert.is(house.store.turn(turnId)?.reason, "interrupted");
  assert.equal(house.store.chunks("c").at(-1)?.chunk, { type: "text", text: "partial" });
  assert.is(house.store.queue("c").length, 1);
  house.close();
  assert.is(house.clock.pending, 0);
});

test("a second drain hurries the first, and one without turns is over at once", async () => {
  const { house, events } = await running();
  const drained = house.drain(60_000);
  await settle(house.clock);
  await within(house.drain(0), "the hurried drain");
  await within(drained, "the first drain");
  assert.equal(errorMessage(events), ["interrupted"]);
  await within(house.drain(60_000), "a drain with nothing to wait for");
  house.close();
  house.clock.settle();
  assert.is(house.clock.pending, 0);
});

test("a drain does not wait for ever: agents that never end are left, turns that cannot be stored too", async () => {
  const clock = new SimulatedClock();
  const store = failingStore(memoryStore(clock));
  const { house, types } = await running({ clock, store }, false);
  store.fails = new StoreError("the disk is full");
  const drained = house.drain(0);
  await settle(clock);
  clock.advance(7_000);
  await within(drained, "the drain");
  assert.is(types().at(-1), "done");
  assert.ok(house.lines.some(({ message }) => message.includes("left unsealed")));
  house.close();
  store.fails = undefined;
  assert.is(store.unsealedTurns().length, 1);
  clock.settle();
  assert.is(clock.pending, 0);
});

test("closing the orchestrator ends everything, and a turn that still ran is interrupted and sealed", async () => {
  const { puppet, house, events, turnId } = await running();
  const idle = house.watch("d");
  house.close();
  await settle(house.clock);
  assert.equal(errorMessage(events), ["interrupted"]);
  assert.is(events.at(-1)?.type, "turn-sealed");
  assert.is(house.store.turn(turnId)?.reason, "interrupted");
  assert.ok(puppet.run.signal.aborted);
  assert.is(house.registry.count("conversation"), 0);
  assert.is(house.clock.pending, 0);
  assert.equal(idle.events, []);
  assert.is(house.orchestrator.startTurn({ conversationId: "c", text: "late" }).started, false);
  assert.is(house.registry.count("conversation"), 0);
});

test.run();
