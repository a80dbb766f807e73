// Each listener of a conversation gets each event once and in order, whatever the listeners do to each other or to the
// orchestrator inside their callbacks.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Broadcast } from "../../src/protocol/broadcast.ts";
import type { TurnEvent } from "../../src/protocol/turn-event.ts";
import { openFixture, Puppet, settle } from "../support/orchestrator-fixture.ts";

const test = suite("the orchestrator and its listeners");

const say = (puppet: Puppet, ...texts: string[]) =>
  puppet.say(...texts.map((delta) => ({ type: "text-delta", delta })));
const wordOf = (event: TurnEvent): string => ("delta" in event ? event.delta : event.type);

function speaking(): { puppet: Puppet; fixture: ReturnType<typeof openFixture> } {
  const puppet = new Puppet();
  return { puppet, fixture: openFixture({ agents: [puppet.agent] }) };
}

test("a late listener synchronously gets the running turn from its first event, and then later events", async () => {
  const { puppet, fixture } = speaking();
  const first = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  await settle(fixture.clock);
  const second = fixture.watch("c");
  const [question, start, a] = first.events;
  assert.equal(second.events, [question, start, { ...a, delta: "ab" }], "neighbouring text deltas are joined");
  say(puppet, "c");
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(first.events.map(wordOf), ["user-message", "turn-start", "a", "b", "c", "done", "turn-sealed"]);
  assert.equal(second.events.map(wordOf), ["user-message", "turn-start", "ab", "c", "done", "turn-sealed"]);
  assert.equal(fixture.watch("c").events, [], "after the seal nothing is replayed");
});

test("the `done` of an unsealed turn is replayed too", async () => {
  const puppet = new Puppet({ heedsAbort: false });
  const fixture = openFixture({ agents: [puppet.agent] });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  await settle(fixture.clock);
  fixture.orchestrator.stopTurn("c");
  const late = fixture.watch("c");
  assert.equal(late.types(), ["user-message", "turn-start", "done"]);
  fixture.clock.advance(5_000);
  await settle(fixture.clock);
  assert.equal(late.types(), ["user-message", "turn-start", "done", "turn-sealed"]);
});

test("the replay of the second turn contains no event of the first", async () => {
  const { puppet, fixture } = speaking();
  const all = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "one" });
  puppet.finish();
  await settle(fixture.clock);
  fixture.orchestrator.startTurn({ conversationId: "c", text: "two" });
  await settle(fixture.clock);
  const late = fixture.watch("c");
  assert.equal(late.types(), ["user-message", "turn-start"]);
  assert.is(new Set(late.events.map(({ turnId }) => turnId)).size, 1);
  assert.equal(all.events.slice(-2), late.events);
  fixture.close();
});

test("a listener that throws does not affect the others", async () => {
  const { puppet, fixture } = speaking();
  fixture.orchestrator.subscribe("c", () => {
    throw new Error("a bad listener");
  });
  const good = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a");
  puppet.finish();
  await settle(fixture.clock);
  assert.is(good.types().at(-1), "turn-sealed");
  fixture.broadcasts.subscribe(() => {
    throw new Error("another");
  });
  const heard: Broadcast[] = [];
  fixture.broadcasts.subscribe((broadcast) => heard.push(broadcast));
  fixture.conversations.open("c");
  assert.equal(heard, [{ type: "conversation.open", conversationId: "c", workspaceId: "default" }]);
});

test("no listener is called after it unsubscribed, even inside another listener's callback", async () => {
  const { puppet, fixture } = speaking();
  const heard: string[] = [];
  let leaveSecond = (): void => {};
  const leaveFirst = fixture.orchestrator.subscribe("c", (event) => {
    heard.push(`first ${wordOf(event)}`);
    if (wordOf(event) === "b") {
      leaveFirst();
      leaveSecond();
    }
  });
  leaveSecond = fixture.orchestrator.subscribe("c", (event) => {
    heard.push(`second ${wordOf(event)}`);
  });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b", "c");
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(heard.slice(4), ["first a", "second a", "first b"]);
  assert.is(fixture.registry.count("conversation"), 0);
});

test("a listener that unsubscribes after its replay gets no further event", async () => {
  const { puppet, fixture } = speaking();
  const outer = fixture.watch("c");
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  await settle(fixture.clock);
  const late = fixture.watch("c");
  late.leave();
  say(puppet, "c");
  await settle(fixture.clock);
  assert.equal(late.events.map(wordOf), ["user-message", "turn-start", "ab"]);
  assert.is(outer.events.length, 5);
  fixture.close();
});

test("a listener may cancel the turn inside its callback: the others get that event first, then the end", async () => {
  const { puppet, fixture } = speaking();
  const first: string[] = [];
  const second: string[] = [];
  fixture.orchestrator.subscribe("c", (event) => {
    first.push(wordOf(event));
    if (wordOf(event) === "a") assert.ok(fixture.orchestrator.stopTurn("c").abortedTurn);
  });
  fixture.orchestrator.subscribe("c", (event) => {
    second.push(wordOf(event));
  });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  await settle(fixture.clock);
  assert.equal(first, ["user-message", "turn-start", "a", "done", "turn-sealed"]);
  assert.equal(second, first);
});

test("a listener that subscribes inside a callback gets every event once and in order", async () => {
  const { puppet, fixture } = speaking();
  const joined: string[] = [];
  let hasJoined = false;
  fixture.orchestrator.subscribe("c", (event) => {
    if (wordOf(event) !== "a" || hasJoined) return;
    hasJoined = true;
    fixture.orchestrator.subscribe("c", (inner) => {
      joined.push(wordOf(inner));
    });
  });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a", "b");
  puppet.finish();
  await settle(fixture.clock);
  assert.equal(joined, ["user-message", "turn-start", "a", "b", "done", "turn-sealed"]);
});

test("an event that a listener causes during its replay comes after the replay", async () => {
  const { puppet, fixture } = speaking();
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  say(puppet, "a");
  await settle(fixture.clock);
  const heard: string[] = [];
  fixture.orchestrator.subscribe("c", (event) => {
    heard.push(wordOf(event));
    if (event.type === "user-message") fixture.orchestrator.stopTurn("c");
  });
  assert.equal(heard, ["user-message", "turn-start", "a", "done"]);
  await settle(fixture.clock);
  assert.is(heard.at(-1), "turn-sealed");
});

test("a new turn can be started inside the callbacks of turn-sealed and of a status change", async () => {
  const fixture = openFixture();
  const answers: boolean[] = [];
  const { types } = fixture.watch("c");
  fixture.orchestrator.subscribe("c", ({ type }) => {
    if (type === "done") answers.push(fixture.orchestrator.startTurn({ conversationId: "d", text: "x" }).started);
    if (type === "turn-sealed" && answers.length < 2)
      answers.push(fixture.orchestrator.startTurn({ conversationId: "c", text: "two" }).started);
  });
  let restarted = false;
  fixture.broadcasts.subscribe((broadcast) => {
    if (broadcast.type !== "conversation.statusChanged" || broadcast.status !== "idle" || restarted) return;
    restarted = true;
    answers.push(fixture.orchestrator.startTurn({ conversationId: "e", text: "three" }).started);
  });
  fixture.orchestrator.startTurn({ conversationId: "c", text: "one" });
  await settle(fixture.clock);
  assert.equal(answers.slice(0, 3), [true, true, true]);
  assert.equal(types().filter((type) => type === "turn-sealed").length, 2);
});

test("a listener for changes is called for turns, activity, settings and the queue until it unsubscribes", async () => {
  const { puppet, fixture } = speaking();
  const heard: string[] = [];
  const leave = fixture.subscribe(({ what }) => heard.push(what));
  fixture.orchestrator.startTurn({ conversationId: "c", text: "go" });
  fixture.orchestrator.enqueue({ conversationId: "c", text: "more" });
  fixture.conversations.configure("c", { title: "T" });
  leave();
  puppet.finish();
  await settle(fixture.clock);
  assert.equal([...new Set(heard)].sort(), ["activity", "queue", "settings", "turns"]);
  const before = heard.length;
  fixture.setRefusing("no");
  assert.is(heard.length, before);
  fixture.close();
});

test.run();
