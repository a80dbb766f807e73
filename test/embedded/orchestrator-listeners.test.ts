// Who listens to a conversation gets each event once and in order, whatever the listeners do to each other and to the
// orchestrator while they are told.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Broadcast } from "../../src/protocol/broadcast.ts";
import type { TurnEvent } from "../../src/protocol/turn-event.ts";
import { openHouse, Puppet, settle } from "../support/orchestrator-house.ts";

const test = suite("the orchestrator and its listeners");

const say = (puppet: Puppet, ...texts: string[]) =>
  puppet.say(...texts.map((delta) => ({ type: "text-delta", delta })));
const wordOf = (event: TurnEvent): string => ("delta" in event ? event.delta : event.type);

function speaking(): { puppet: Puppet; house: ReturnType<typeof openHouse> } {
  const puppet = new Puppet();
  return { puppet, house: openHouse({ agents: [puppet.agent] }) };
}

test("who comes late gets the running turn from its first event, synchronously, and then what follows", async () => {
  const { puppet, house } = speaking();
  const first = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  await settle(house.clock);
  const second = house.watch("c");
  const [question, start, a] = first.events;
  assert.equal(second.events, [question, start, { ...a, delta: "ab" }], "neighbouring text comes joined");
  say(puppet, "c");
  puppet.finish();
  await settle(house.clock);
  assert.equal(first.events.map(wordOf), ["user-message", "turn-start", "a", "b", "c", "done", "turn-sealed"]);
  assert.equal(second.events.map(wordOf), ["user-message", "turn-start", "ab", "c", "done", "turn-sealed"]);
  assert.equal(house.watch("c").events, [], "after the seal nothing is replayed");
});

test("the end of a turn that is not sealed is replayed too", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const house = openHouse({ agents: [puppet.agent] });
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(house.clock);
  house.orchestrator.stopTurn("c");
  const late = house.watch("c");
  assert.equal(late.types(), ["user-message", "turn-start", "done"]);
  house.clock.advance(5_000);
  await settle(house.clock);
  assert.equal(late.types(), ["user-message", "turn-start", "done", "turn-sealed"]);
});

test("the replay of the second turn holds nothing of the first", async () => {
  const { puppet, house } = speaking();
  const all = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "one" });
  puppet.finish();
  await settle(house.clock);
  house.orchestrator.startTurn({ conversationId: "c", text: "two" });
  await settle(house.clock);
  const late = house.watch("c");
  assert.equal(late.types(), ["user-message", "turn-start"]);
  assert.is(new Set(late.events.map(({ turnId }) => turnId)).size, 1);
  assert.equal(all.events.slice(-2), late.events);
  house.close();
});

test("a listener that throws harms nobody", async () => {
  const { puppet, house } = speaking();
  house.orchestrator.subscribe("c", () => {
    throw new Error("a bad listener");
  });
  const good = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a");
  puppet.finish();
  await settle(house.clock);
  assert.is(good.types().at(-1), "turn-sealed");
  house.broadcasts.subscribe(() => {
    throw new Error("another");
  });
  const news: Broadcast[] = [];
  house.broadcasts.subscribe((broadcast) => news.push(broadcast));
  house.conversations.open("c");
  assert.equal(news, [{ type: "conversation.open", conversationId: "c", workspaceId: "default" }]);
});

test("nobody is called after unsubscribing, not even inside the callback of another", async () => {
  const { puppet, house } = speaking();
  const heard: string[] = [];
  let leaveSecond = (): void => {};
  const leaveFirst = house.orchestrator.subscribe("c", (event) => {
    heard.push(`first ${wordOf(event)}`);
    if (wordOf(event) === "b") {
      leaveFirst();
      leaveSecond();
    }
  });
  leaveSecond = house.orchestrator.subscribe("c", (event) => {
    heard.push(`second ${wordOf(event)}`);
  });
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b", "c");
  puppet.finish();
  await settle(house.clock);
  assert.equal(heard.slice(4), ["first a", "second a", "first b"]);
  assert.is(house.registry.count("conversation"), 0);
});

test("who leaves after its replay hears no more", async () => {
  const { puppet, house } = speaking();
  const outer = house.watch("c");
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  await settle(house.clock);
  const late = house.watch("c");
  late.leave();
  say(puppet, "c");
  await settle(house.clock);
  assert.equal(late.events.map(wordOf), ["user-message", "turn-start", "ab"]);
  assert.is(outer.events.length, 5);
  house.close();
});

test("a listener may cancel inside its callback: the others hear the event first, then the end", async () => {
  const { puppet, house } = speaking();
  const first: string[] = [];
  const second: string[] = [];
  house.orchestrator.subscribe("c", (event) => {
    first.push(wordOf(event));
    if (wordOf(event) === "a") assert.ok(house.orchestrator.stopTurn("c").abortedTurn);
  });
  house.orchestrator.subscribe("c", (event) => {
    second.push(wordOf(event));
  });
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  await settle(house.clock);
  assert.equal(first, ["user-message", "turn-start", "a", "done", "turn-sealed"]);
  assert.equal(second, first);
});

test("who joins inside a callback gets everything once, in order", async () => {
  const { puppet, house } = speaking();
  const joined: string[] = [];
  let hasJoined = false;
  house.orchestrator.subscribe("c", (event) => {
    if (wordOf(event) !== "a" || hasJoined) return;
    hasJoined = true;
    house.orchestrator.subscribe("c", (inner) => {
      joined.push(wordOf(inner));
    });
  });
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  puppet.finish();
  await settle(house.clock);
  assert.equal(joined, ["user-message", "turn-start", "a", "b", "done", "turn-sealed"]);
});

test("what a listener causes while it is caught up comes after its replay", async () => {
  const { puppet, house } = speaking();
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a");
  await settle(house.clock);
  const heard: string[] = [];
  house.orchestrator.subscribe("c", (event) => {
    heard.push(wordOf(event));
    if (event.type === "user-message") house.orchestrator.stopTurn("c");
  });
  assert.equal(heard, ["user-message", "turn-start", "a", "done"]);
  await settle(house.clock);
  assert.is(heard.at(-1), "turn-sealed");
});

test("the next turn may be started inside the callback of turn-sealed, and of the status", async () => {
  const house = openHouse();
  const answers: boolean[] = [];
  const { types } = house.watch("c");
  house.orchestrator.subscribe("c", ({ type }) => {
    if (type === "done") answers.push(house.orchestrator.startTurn({ conversationId: "d", text: "x" }).started);
    if (type === "turn-sealed" && answers.length < 2)
      answers.push(house.orchestrator.startTurn({ conversationId: "c", text: "two" }).started);
  });
  let restarted = false;
  house.broadcasts.subscribe((broadcast) => {
    if (broadcast.type !== "conversation.statusChanged" || broadcast.status !== "idle" || restarted) return;
    restarted = true;
    answers.push(house.orchestrator.startTurn({ conversationId: "e", text: "three" }).started);
  });
  house.orchestrator.startTurn({ conversationId: "c", text: "one" });
  await settle(house.clock);
  assert.equal(answers.slice(0, 3), [true, true, true]);
  assert.equal(types().filter((type) => type === "turn-sealed").length, 2);
});

test("who listens to changes hears of turns, activity, settings and the queue, and leaves when it wants", async () => {
  const { puppet, house } = speaking();
  const heard: string[] = [];
  const leave = house.subscribe(({ what }) => heard.push(what));
  house.orchestrator.startTurn({ conversationId: "c", text: "go" });
  house.orchestrator.enqueue({ conversationId: "c", text: "more" });
  house.conversations.configure("c", { title: "T" });
  leave();
  puppet.finish();
  await settle(house.clock);
  assert.equal([...new Set(heard)].sort(), ["activity", "queue", "settings", "turns"]);
  const before = heard.length;
  house.setRefusing("no");
  assert.is(heard.length, before);
  house.close();
});

test.run();
