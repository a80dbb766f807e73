// Turns that a host leaves without an end: they are ended in its place when its port says that nothing runs, and never
// while it says otherwise, or says nothing. Whatever the host emits later, each turn has one end and no number is lost.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Limits, limits } from "../../src/limits.ts";
import { GuardedOrchestrator } from "../../src/ports/guarded-orchestrator.ts";
import { tolerantLogger } from "../../src/ports/logger.ts";
import type { Feed, Watcher } from "../../src/streams/feed.ts";
import { Feeds } from "../../src/streams/feeds.ts";
import { LogBudget } from "../../src/streams/log-budget.ts";
import { transcriptOf } from "../support/client/transcript.ts";
import { SimulatedClock } from "../support/clock.ts";
import { FakeHost } from "../support/host.ts";
import { asPort, ScriptedOrchestrator } from "../support/scripted-orchestrator.ts";
import { messagesIn } from "../support/socket.ts";

const test = suite("dead turns");

/** How long a round of the sweep may take to notice that a turn is silent, and then that it is so for too long. */
const deadTurnMs = limits.deadTurnMs + limits.sweepIntervalMs;
const error = { type: "error", message: "the disk is full" } as const;

function open(bounds: Partial<Limits> = {}) {
  const clock = new SimulatedClock();
  const orchestrator = new ScriptedOrchestrator();
  const host = new FakeHost();
  const told: string[] = [];
  const byConversation = new Map<string, Feed>();
  const allLimits = { ...limits, ...bounds };
  const feeds = new Feeds({
    feeds: byConversation,
    budget: new LogBudget(byConversation, clock, allLimits),
    orchestrator: new GuardedOrchestrator(asPort(orchestrator), tolerantLogger(host.logger)),
    clock,
    limits: allLimits,
    eventProfile: "full",
  });
  const watcher: Watcher = { lacks: () => false, turnOver: () => void told.push("over") };
  const join = (): Feed => {
    const feed = feeds.join("c");
    if (!feed) throw new Error("the conversation could not be watched");
    feed.watchers.add(watcher);
    feed.askers.add(watcher);
    return feed;
  };
  const leave = (feed: Feed): void => {
    feed.watchers.clear();
    feeds.settle(feed);
  };
  const begin = (...deltas: string[]): string => {
    const turnId = orchestrator.begin("c");
    orchestrator.emit("c", { type: "user-message", text: "hello" }, { type: "turn-start" });
    orchestrator.say("c", ...deltas);
    return turnId;
  };
  /** The host's turn is over, without a word. */
  const die = (): unknown => orchestrator.running.delete("c");
  /** Time passes, and the sweep's rounds with it. */
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= limits.sweepIntervalMs) {
      clock.advance(Math.min(left, limits.sweepIntervalMs));
      feeds.round(clock.now());
      clock.settle();
    }
  };
  return { clock, orchestrator, host, feeds, told, join, leave, begin, die, pass };
}

/** The events in the log, checked for gaps. */
const said = (feed: Feed) => {
  const { frames } = feed.log.frames(feed.log.firstSeq - 1, Number.MAX_SAFE_INTEGER);
  return transcriptOf(messagesIn(frames), feed.conversationId);
};
/** The types of the newest events. */
const last = (feed: Feed, count: number): string[] =>
  said(feed)
    .events.map(({ type }) => type)
    .slice(-count);
const ends = (feed: Feed) => said(feed).turns.map(({ turnId, reason, sealed }) => [turnId, reason, sealed]);

test("a turn that fails and is over without an end is ended after a while, and let go of as any other", () => {
  const { orchestrator, feeds, told, join, leave, begin, die, pass } = open();
  const feed = join();
  begin("a");
  orchestrator.emit("c", error);
  die();
  pass(limits.deadTurnMs - 1);
  assert.ok(feed.log.running);
  pass(2 * limits.sweepIntervalMs);
  assert.equal(last(feed, 3), ["error", "done", "turn-sealed"]);
  assert.equal(ends(feed), [["turn-1", "error", true]]);
  assert.equal(told, ["over"]);
  leave(feed);
  assert.is(orchestrator.subscriptions("c"), 0);
  pass(limits.sealedLogKeptMs + limits.sweepIntervalMs);
  assert.is(feeds.measure().logs, 0);
});

test("without a watcher too, such a turn is ended, and its listener and its log are let go of", () => {
  const { orchestrator, feeds, join, leave, begin, die, pass } = open();
  const feed = join();
  begin("a");
  leave(feed);
  die();
  pass(deadTurnMs + limits.sweepIntervalMs);
  assert.is(orchestrator.subscriptions("c"), 0);
  pass(limits.sealedLogKeptMs + limits.sweepIntervalMs);
  assert.is(feeds.measure().logs, 0);
});

test("a turn that runs is never ended, however long it is silent, and though it has failed", () => {
  const { clock, orchestrator, feeds, join, begin, pass } = open();
  const feed = join();
  begin("a");
  orchestrator.emit("c", error);
  pass(20 * deadTurnMs);
  join();
  feeds.asked("c");
  feeds.turnIsOver("c");
  clock.settle();
  orchestrator.say("c", "b");
  orchestrator.end("c");
  assert.equal([said(feed).text, ends(feed)], ["ab", [["turn-1", "stop", true]]]);
});

const sayNothing: [what: string, isActive: unknown][] = [
  ["lacks isActive", undefined],
  ["throws", () => thrown()],
  ["answers later", () => Promise.resolve(false)],
  ["answers nonsense", () => 0],
];
for (const [what, isActive] of sayNothing)
  test(`a port that ${what} says nothing, so its turn is not ended`, () => {
    const { clock, orchestrator, feeds, join, begin, die, pass } = open();
    const feed = join();
    begin("a");
    orchestrator.emit("c", error);
    die();
    Object.assign(orchestrator, { isActive });
    pass(3 * deadTurnMs);
    join();
    feeds.asked("c");
    feeds.turnIsOver("c");
    clock.settle();
    assert.ok(feed.log.running);
    assert.equal(last(feed, 1), ["error"]);
  });

function thrown(): never {
  throw new Error("out of order");
}

test("who joins after a failed turn is over begins behind it", () => {
  const { orchestrator, join, begin, die } = open();
  const feed = join();
  begin("a");
  orchestrator.emit("c", error);
  die();
  assert.is(join().startSeq(), 6);
  assert.equal(last(feed, 3), ["error", "done", "turn-sealed"]);
});

test("a host that replays its dead turn to every new listener does not make it run again", () => {
  const { orchestrator, join, leave, begin, die, pass } = open();
  const feed = join();
  begin("a");
  orchestrator.emit("c", error);
  const events = [...(orchestrator.running.get("c")?.events ?? [])];
  die();
  orchestrator.instead.subscribe = ({ listener }: { listener: (event: unknown) => void }) => {
    for (const event of events) listener(event);
    return () => {};
  };
  pass(deadTurnMs + limits.sweepIntervalMs);
  leave(feed);
  assert.is(join(), feed);
  assert.is(feed.startSeq(), 6);
  pass(limits.sealedLogKeptMs + limits.sweepIntervalMs);
  leave(feed);
  const fresh = join();
  assert.is.not(fresh, feed);
  assert.is(fresh.startSeq(), fresh.log.seq, "a new log is replayed the dead turn, and ends it at once");
});

test("a turn without any sign of its end is ended when another begins, before that one's first event", () => {
  const { feeds, join, begin, die } = open();
  const feed = join();
  begin("a");
  die();
  feeds.asked("c");
  assert.ok(feed.log.running, "the port's word alone is not enough");
  begin("b");
  const types = said(feed).events.map(({ type }) => type);
  assert.equal(types.slice(3, 7), ["error", "done", "turn-sealed", "user-message"]);
  assert.equal(ends(feed), [
    ["turn-1", "error", true],
    ["turn-2", undefined, false],
  ]);
});

test("such a turn is ended when the host has accepted another one, though that has no event yet", () => {
  const { orchestrator, feeds, told, join, begin, die } = open();
  const feed = join();
  begin("a");
  die();
  feeds.asked("c");
  feeds.accepted("c", orchestrator.begin("c"));
  assert.equal([ends(feed), told], [[["turn-1", "error", true]], ["over"]]);
  assert.is(feeds.runningTurnId("c"), "turn-2");
});

test("a turn that goes on after its port was wrong about it is not ended", () => {
  const { orchestrator, feeds, join, begin } = open();
  const feed = join();
  begin("a");
  orchestrator.instead.isActive = () => false;
  feeds.asked("c");
  join();
  delete orchestrator.instead.isActive;
  orchestrator.say("c", "b");
  orchestrator.end("c");
  begin("c");
  assert.equal(ends(feed), [
    ["turn-1", "stop", true],
    ["turn-2", undefined, false],
  ]);
});

test("a turn whose `done` is out gets only its `turn-sealed`, with the newest latestSeq that is known", () => {
  const { orchestrator, join, begin, die, pass } = open();
  const feed = join();
  begin("a");
  orchestrator.emit("c", { type: "done", reason: "stop" }, { type: "turn-sealed", latestSeq: 7 });
  begin("b");
  orchestrator.emit("c", { type: "done", reason: "length" });
  die();
  join();
  assert.ok(feed.log.running, "its history is being stored, perhaps");
  pass(deadTurnMs + limits.sweepIntervalMs);
  assert.equal(last(feed, 3), ["text-delta", "done", "turn-sealed"]);
  const sealed = said(feed).events.at(-1);
  assert.equal([sealed?.["turnId"], sealed?.["latestSeq"]], ["turn-2", 7]);
});

test("events that a wrong host still emits for the turn are dropped, so it has one end and no number is lost", () => {
  const { clock, orchestrator, join, begin, pass } = open();
  const feed = join();
  begin("a");
  orchestrator.instead.isActive = () => false;
  pass(deadTurnMs + limits.sweepIntervalMs);
  const { seq } = feed.log;
  orchestrator.say("c", "late");
  const late = orchestrator.running.get("c")?.events.at(-1);
  orchestrator.end("c", "stop");
  assert.is(feed.log.seq, seq);
  begin("b");
  orchestrator.emitRaw("c", late);
  orchestrator.say("c", "c");
  orchestrator.end("c");
  clock.settle();
  assert.equal(ends(feed), [
    ["turn-1", "error", true],
    ["turn-2", "stop", true],
  ]);
  assert.is(said(feed).text, "abc");
});

test("a status announced within the call that emits the turn's end does not end it before", () => {
  const { clock, orchestrator, feeds, join, begin } = open();
  const feed = join();
  begin("a");
  orchestrator.instead.isActive = () => false;
  feeds.turnIsOver("c");
  orchestrator.end("c");
  clock.settle();
  assert.equal(ends(feed), [["turn-1", "stop", true]]);
});

test("a status announced for a turn that nothing ends has it ended in the next loop turn", () => {
  const { clock, host, feeds, join, begin, die } = open();
  const feed = join();
  begin("a");
  die();
  feeds.turnIsOver("c");
  assert.ok(feed.log.running);
  clock.settle();
  assert.equal(last(feed, 3), ["error", "done", "turn-sealed"]);
  assert.equal(host.lines, [
    {
      level: "warn",
      message: "orchestrator: a turn that nothing ended was sealed",
      fields: { conversationId: "c", turnId: "turn-1" },
    },
  ]);
});

test("a status announced for a turn that is done leaves it time to be stored", () => {
  const { clock, orchestrator, feeds, join, begin } = open();
  const feed = join();
  begin("a");
  orchestrator.emit("c", { type: "done", reason: "stop" });
  orchestrator.instead.isActive = () => false;
  feeds.turnIsOver("c");
  clock.settle();
  assert.ok(feed.log.running);
});

test("a turn that was accepted and never begins is over for who asked, and may begin after all", () => {
  const { orchestrator, feeds, told, join, begin, die, pass } = open();
  const feed = join();
  feeds.accepted("c", "never");
  pass(limits.deadTurnMs - 1);
  assert.equal(told, []);
  pass(limits.sweepIntervalMs);
  assert.equal(told, ["over"]);
  assert.is(feeds.runningTurnId("c"), undefined);
  begin("a");
  orchestrator.end("c");
  die();
  assert.equal(ends(feed), [["turn-1", "stop", true]]);
});

test("a turn that was ended for its size and then left without an end is sealed", () => {
  const { join, begin, die, pass } = open({ turnLogBytesMax: 2_000 });
  const feed = join();
  begin("x".repeat(3_000));
  die();
  pass(deadTurnMs + limits.sweepIntervalMs);
  assert.equal(last(feed, 3), ["error", "done", "turn-sealed"]);
});

test.run();
