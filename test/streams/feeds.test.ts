// All feeds with a scripted orchestrator: subscribed once from the first watcher to the last, kept for a while after
// the seal, shed by age and by size, and never numbered with a gap.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Limits, limits } from "../../src/limits.ts";
import { GuardedOrchestrator } from "../../src/ports/guarded-orchestrator.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { type EventProfile, isInProfile } from "../../src/protocol/event-profile.ts";
import type { Feed } from "../../src/streams/feed.ts";
import { Feeds } from "../../src/streams/feeds.ts";
import { LogBudget } from "../../src/streams/log-budget.ts";
import { transcriptOf } from "../support/client/transcript.ts";
import { SimulatedClock } from "../support/clock.ts";
import { asPort, ScriptedOrchestrator } from "../support/scripted-orchestrator.ts";
import { messagesIn } from "../support/socket.ts";

const test = suite("feeds");

function open(bounds: Partial<Limits> = {}, eventProfile: EventProfile = "full") {
  const clock = new SimulatedClock();
  const orchestrator = new ScriptedOrchestrator();
  const signals: string[] = [];
  const byConversation = new Map<string, Feed>();
  const allLimits = { ...limits, ...bounds };
  const budget = new LogBudget(byConversation, clock, allLimits);
  const feeds = new Feeds({
    feeds: byConversation,
    budget,
    orchestrator: new GuardedOrchestrator(asPort(orchestrator), silentLogger),
    clock,
    limits: allLimits,
    eventProfile,
  });
  const watch = (conversationId = "c"): Feed => {
    const feed = feeds.open(conversationId);
    if (!feed) throw new Error("the conversation could not be watched");
    const watcher = { lacks: () => false, turnOver: () => void signals.push(`${conversationId} turn over`) };
    feed.watchers.add(watcher);
    feed.askers.add(watcher);
    return feed;
  };
  const leave = (feed: Feed): void => {
    const [watcher] = feed.watchers;
    if (watcher) feed.watchers.delete(watcher);
    feeds.settle(feed);
  };
  /** A whole turn of a conversation that has a watcher. */
  const turn = (conversationId = "c", text = "text"): void => {
    orchestrator.begin(conversationId);
    orchestrator.emit(conversationId, { type: "user-message", text: "hello" }, { type: "turn-start" });
    orchestrator.say(conversationId, text);
    orchestrator.end(conversationId);
    clock.settle();
  };
  return { clock, orchestrator, feeds, budget, signals, watch, leave, turn, round: () => feeds.round(clock.now()) };
}

const said = (feed: Feed) => {
  const { frames } = feed.log.frames(feed.log.firstSeq - 1, Number.MAX_SAFE_INTEGER);
  return transcriptOf(messagesIn(frames), feed.conversationId);
};
const types = (feed: Feed): string[] => said(feed).events.map(({ type }) => type);

test("forgetting a failed feed late does not remove the feed that has replaced it", () => {
  const { clock, orchestrator, feeds, watch } = open();
  orchestrator.instead.subscribe = ({ listener }: { listener: (event: unknown) => void }) => {
    listener({ type: "turn-sealed", conversationId: "c", turnId: "t", latestSeq: 1 });
    throw new Error("broken");
  };
  assert.is(feeds.open("c"), undefined);
  delete orchestrator.instead.subscribe;
  const feed = watch();
  clock.settle();
  assert.is(feeds.get("c"), feed);
  assert.is(feeds.measure().logs, 1);
});

// ── subscribing ───────────────────────────────────────────────────────────────────────────────────────────────────

test("a conversation is subscribed once for all its watchers, until the last has left", () => {
  const { orchestrator, feeds, watch, leave } = open();
  const feed = watch();
  assert.is(watch(), feed);
  assert.is(feeds.get("c"), feed);
  assert.is(orchestrator.given("subscribe").length, 1);
  leave(feed);
  assert.is(orchestrator.subscriptions("c"), 1);
  leave(feed);
  assert.is(orchestrator.subscriptions("c"), 0);
  assert.is(feeds.get("c"), undefined);
});

test("a running turn without watchers is followed until its seal, and no further", () => {
  const { clock, orchestrator, feeds, watch, leave } = open();
  orchestrator.begin("c");
  const feed = watch();
  orchestrator.say("c", "a");
  leave(feed);
  orchestrator.say("c", "b");
  assert.is(orchestrator.subscriptions("c"), 1);
  orchestrator.end("c");
  clock.settle();
  assert.is(orchestrator.subscriptions("c"), 0);
  assert.is(said(feed).text, "ab");
  assert.is(feeds.get("c"), feed, "the log is kept");
});

test("a turn that has begun but has no event yet keeps the subscription", () => {
  const { clock, orchestrator, watch, leave } = open();
  const feed = watch();
  orchestrator.begin("c");
  leave(feed);
  assert.is(orchestrator.subscriptions("c"), 1);
  orchestrator.say("c", "a");
  orchestrator.end("c");
  clock.settle();
  assert.is(orchestrator.subscriptions("c"), 0);
  assert.is(said(feed).text, "a");
});

test("a turn that was announced but never has an event does not keep the subscription forever", () => {
  const { orchestrator, feeds, watch, leave, round } = open();
  const feed = watch();
  orchestrator.begin("c");
  leave(feed);
  orchestrator.running.delete("c");
  assert.is(round(), false);
  assert.is(orchestrator.subscriptions("c"), 0);
  assert.is(feeds.measure().logs, 0);
});

test("a watcher that comes back during a turn finds the same log, and no event is logged twice", () => {
  const { orchestrator, watch, leave } = open();
  orchestrator.begin("c");
  const feed = watch();
  orchestrator.say("c", "a");
  leave(feed);
  assert.is(watch(), feed);
  orchestrator.say("c", "b");
  assert.is(said(feed).text, "ab");
});

test("a turn that runs when the first watcher comes is replayed into the log without signals", () => {
  const { orchestrator, signals, watch } = open();
  orchestrator.begin("c");
  orchestrator.emit("c", { type: "turn-start" });
  orchestrator.say("c", "a", "b");
  const feed = watch();
  assert.is(said(feed).text, "ab");
  assert.is(feed.startSeq(), 0);
  assert.equal(signals, []);
});

test("a failing subscribe of the orchestrator affects only that request", () => {
  const { orchestrator, feeds, watch } = open();
  orchestrator.instead.subscribe = () => {
    throw new Error("not now");
  };
  assert.is(feeds.open("c"), undefined);
  assert.is(feeds.measure().logs, 0);
  delete orchestrator.instead.subscribe;
  assert.ok(watch());
});

test("after an orchestrator throws in mid-replay, the next subscription has every event once", () => {
  const { orchestrator, feeds, watch } = open();
  orchestrator.begin("c");
  orchestrator.say("c", "a", "b");
  orchestrator.instead.subscribe = ({
    conversationId,
    listener,
  }: {
    conversationId: string;
    listener: (event: unknown) => void;
  }) => {
    listener({ type: "text-delta", conversationId, turnId: "turn-1", delta: "a" });
    throw new Error("half way");
  };
  assert.is(feeds.open("c"), undefined);
  delete orchestrator.instead.subscribe;
  assert.is(said(watch()).text, "ab");
});

test("an orchestrator that announces its turn inside subscribe is subscribed once", () => {
  const { orchestrator, feeds, watch } = open();
  orchestrator.begin("c");
  orchestrator.say("c", "a");
  orchestrator.instead.subscribe = ({
    conversationId,
    listener,
  }: {
    conversationId: string;
    listener: (event: unknown) => void;
  }) => {
    feeds.turnBegins(conversationId);
    return orchestrator.listen(conversationId, listener);
  };
  const feed = watch();
  assert.is(said(feed).text, "a");
  assert.is(orchestrator.subscriptions("c"), 1);
});

test("events for a listener that has unsubscribed are ignored", () => {
  const { clock, orchestrator, feeds, watch, leave } = open();
  const feed = watch();
  const [{ listener }] = orchestrator.given("subscribe") as [{ listener: (event: unknown) => void }];
  leave(feed);
  listener({ type: "text-delta", conversationId: "c", turnId: "late", delta: "late" });
  clock.settle();
  assert.is(feed.log.seq, 0);
  assert.is(feeds.eventsTaken, 0);
});

// ── numbering ─────────────────────────────────────────────────────────────────────────────────────────────────────

test("one epoch numbers all turns while there is a watcher", () => {
  const { watch, turn } = open();
  const feed = watch();
  turn();
  turn();
  assert.is(feed.log.seq, 10);
  assert.is(said(feed).turns.length, 2);
});

test("a kept log is subscribed again when a turn begins without watchers, so that its numbers have no gap", () => {
  const { clock, orchestrator, feeds, watch, leave, turn } = open();
  const feed = watch();
  turn("c", "first ");
  leave(feed);
  assert.is(orchestrator.subscriptions("c"), 0);
  orchestrator.begin("c");
  feeds.turnBegins("c");
  orchestrator.say("c", "second");
  orchestrator.end("c");
  clock.settle();
  assert.is(orchestrator.subscriptions("c"), 0);
  assert.is(said(feed).text, "first second");
  assert.is(watch(), feed);
});

test("a turn that begins without a kept log creates none", () => {
  const { orchestrator, feeds } = open();
  feeds.turnBegins("c");
  assert.is(feeds.measure().logs, 0);
  assert.is(orchestrator.given("subscribe").length, 0);
});

test("a turn that begins while there is a watcher causes no second subscription", () => {
  const { orchestrator, feeds, watch } = open();
  watch();
  feeds.turnBegins("c");
  assert.is(orchestrator.given("subscribe").length, 1);
});

test("a kept log that cannot be subscribed again is forgotten, and a new epoch begins instead of a gap", () => {
  const { orchestrator, feeds, watch, leave, turn } = open();
  const feed = watch();
  turn();
  leave(feed);
  orchestrator.instead.subscribe = () => {
    throw new Error("not now");
  };
  feeds.turnBegins("c");
  delete orchestrator.instead.subscribe;
  const next = watch();
  assert.is.not(next.log.epoch, feed.log.epoch);
  assert.is(next.log.seq, 0);
});

test("a new random epoch begins when the whole log is gone, and not before", () => {
  const { clock, feeds, watch, leave, turn, round } = open();
  const first = watch();
  turn();
  leave(first);
  clock.advance(limits.sealedLogKeptMs - 1);
  assert.is(round(), true);
  const again = watch();
  assert.is(again.log.epoch, first.log.epoch);
  leave(again);
  clock.advance(1);
  assert.is(round(), false);
  assert.is(feeds.get("c"), undefined);
  const second = watch();
  assert.is.not(second.log.epoch, first.log.epoch);
});

test("a watcher keeps the epoch alive when the log behind it has been shed", () => {
  const { clock, watch, turn, round } = open();
  const feed = watch();
  turn();
  clock.advance(limits.sealedLogKeptMs);
  round();
  assert.is(feed.log.bytes, 0);
  assert.is(watch(), feed);
  turn();
  assert.is(feed.log.firstSeq, 6);
  assert.is(feed.log.seq, 10);
});

test("the core profile leaves out events that older clients do not know, before numbering", () => {
  const { orchestrator, feeds, watch } = open({}, "core");
  orchestrator.begin("c");
  const feed = watch();
  orchestrator.emit(
    "c",
    { type: "user-message", text: "hello" },
    { type: "turn-start" },
    { type: "provider-retry", attempt: 0, delayMs: 1, message: "busy" },
    { type: "text-delta", delta: "a" },
    { type: "steering", text: "and" },
    { type: "step-complete", stepId: "s" },
    { type: "usage", usage: { inputTokens: 1, outputTokens: 1 } },
  );
  orchestrator.end("c");
  assert.equal(types(feed), ["turn-start", "text-delta", "usage", "done", "turn-sealed"]);
  assert.is(feed.log.seq, 5);
  assert.is(feeds.eventsTaken, 5);
});

test("the full profile passes every event, and unknown event types pass in both profiles", () => {
  for (const type of ["user-message", "step-complete", "steering", "provider-retry"]) {
    assert.is(isInProfile("full", type), true);
    assert.is(isInProfile("core", type), false);
  }
  for (const type of ["turn-start", "turn-sealed", "a-hosts-own"]) assert.is(isInProfile("core", type), true);
});

test("the running turn is known even without a watcher", () => {
  const { orchestrator, feeds, watch } = open();
  assert.is(feeds.runningTurnId("c"), undefined);
  const turnId = orchestrator.begin("c");
  orchestrator.emit("c", { type: "turn-start" });
  assert.is(feeds.runningTurnId("c"), turnId);
  assert.is(orchestrator.subscriptions("c"), 0, "asking leaves no subscription");
  watch();
  const asked = orchestrator.given("subscribe").length;
  assert.is(feeds.runningTurnId("c"), turnId);
  assert.is(orchestrator.given("subscribe").length, asked);
  orchestrator.end("c");
  assert.is(feeds.runningTurnId("c"), undefined);
});

// ── size and age ──────────────────────────────────────────────────────────────────────────────────────────────────

test("a host's turn that exceeds its log gets an error, is stopped, and is sealed", () => {
  const { clock, orchestrator, watch } = open({ turnLogBytesMax: 20_000 });
  orchestrator.begin("c");
  const feed = watch();
  orchestrator.emit("c", { type: "turn-start" });
  for (let count = 0; count < 10; count++) orchestrator.say("c", "x".repeat(5_000));
  assert.equal(orchestrator.given("stopTurn"), [], "stopTurn is not called inside the orchestrator's own call");
  clock.settle();
  assert.equal(orchestrator.given("stopTurn"), ["c"]);
  const events = said(feed).events;
  assert.equal(
    events.slice(-3).map(({ type }) => type),
    ["error", "done", "turn-sealed"],
  );
  assert.is(events.at(-3)?.["code"], "turn-too-large");
  assert.is(events.at(-3)?.turnId, "turn-1");
  assert.ok(feed.log.bytes < 30_000);
  orchestrator.begin("c");
  orchestrator.say("c", "the next one");
  assert.is(said(feed).turns.at(-1)?.text, "the next one");
});

test("a turn's log is forgotten ten minutes after its seal, turn by turn", () => {
  const { clock, watch, turn, round } = open();
  const feed = watch();
  turn();
  clock.advance(60_000);
  turn();
  clock.advance(limits.sealedLogKeptMs - 60_000);
  assert.is(round(), true);
  assert.is(feed.log.firstSeq, 6);
  clock.advance(60_000);
  round();
  assert.is(feed.log.firstSeq, 11);
  assert.is(feed.log.bytes, 0);
});

test("a running turn is never shed, however old and large", () => {
  const { clock, orchestrator, watch, round } = open({ allLogsBytesMax: 1_000 });
  orchestrator.begin("c");
  const feed = watch();
  orchestrator.say("c", "x".repeat(10_000));
  clock.advance(10 * limits.sealedLogKeptMs);
  assert.is(round(), true);
  assert.is(said(feed).text.length, 10_000);
});

test("when all logs are too large, the oldest sealed turns of any conversation are shed, and only as needed", () => {
  const { clock, feeds, watch, turn, round } = open({ allLogsBytesMax: 60_000 });
  const [a, b] = [watch("a"), watch("b")];
  const large = "x".repeat(20_000);
  for (const conversationId of ["a", "b", "a"]) {
    turn(conversationId, large);
    clock.advance(1_000);
  }
  round();
  assert.equal([a.log.firstSeq, b.log.firstSeq], [6, 1], "the oldest turn of a is shed");
  turn("b", large);
  clock.advance(1_000);
  round();
  assert.equal(
    [a.log.firstSeq, b.log.firstSeq],
    [6, 6],
    "then the oldest turn of b, which is older than the rest of a",
  );
  assert.ok(feeds.measure().logBytes <= 60_000);
  assert.is(feeds.measure().logs, 2);
});

test("one round sheds as much as necessary, in the order of the seals", () => {
  const { clock, feeds, watch, turn, round } = open({ allLogsBytesMax: 30_000 });
  const [a, b] = [watch("a"), watch("b")];
  for (const conversationId of ["a", "b", "a"]) {
    turn(conversationId, "x".repeat(20_000));
    clock.advance(1_000);
  }
  assert.is(feeds.measure().logBytes, a.log.bytes + b.log.bytes);
  round();
  assert.equal([a.log.firstSeq, b.log.firstSeq], [6, 6], "the newest turn is left");
  assert.is(feeds.measure().logBytes, a.log.bytes);
});

test("a kept log of a single event is kept", () => {
  const { clock, orchestrator, feeds, watch, leave } = open();
  const feed = watch();
  orchestrator.begin("c");
  orchestrator.emit("c", { type: "turn-sealed", latestSeq: 0 });
  clock.settle();
  leave(feed);
  assert.is(feeds.get("c"), feed);
});

test("an unwatched conversation whose last log was shed for room is forgotten", () => {
  const { feeds, watch, leave, turn, round } = open({ allLogsBytesMax: 100 });
  const feed = watch();
  turn();
  leave(feed);
  assert.is(feeds.measure().logs, 1);
  assert.is(round(), false);
  assert.is(feeds.measure().logs, 0);
});

test("stopping leaves no subscription and no timer", () => {
  const { clock, orchestrator, feeds, watch } = open();
  orchestrator.begin("a");
  watch("a");
  watch("b");
  feeds.stop();
  assert.is(orchestrator.subscriptions(), 0);
  assert.is(feeds.measure().logs, 0);
  assert.is(clock.pending, 0);
});

test.run();
