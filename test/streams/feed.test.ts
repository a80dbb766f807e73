// One conversation's stream to its live watchers: when it flushes, in which slices, and that watchers that join or
// leave in between get every event once.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import { event, FeedFixture, sealed, text, turnByTurn, type Watcher } from "../support/feed-fixture.ts";
import { seeded } from "../support/seed.ts";

const test = suite("feed");
const check = seeded("feed");

const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

// ── timing ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("the first flush after a pause happens in the same tick, in one write", () => {
  const fixture = new FeedFixture();
  const { socket, transcript } = fixture.live();
  fixture.append(event("user-message", { text: "hello" }), event("turn-start"), text("a"));
  assert.is(socket.writes.length, 0);
  fixture.clock.settle();
  assert.is(socket.writes.length, 1);
  assert.equal(
    transcript().events.map(({ type }) => type),
    ["user-message", "turn-start", "text-delta"],
  );
});

test("with a single watcher events are never held back", () => {
  const fixture = new FeedFixture();
  const { socket } = fixture.live();
  for (const _ of count(5)) {
    fixture.append(text("a"));
    fixture.clock.settle();
  }
  assert.is(socket.writes.length, 5);
  assert.is(fixture.clock.pending, 0);
});

test("with many watchers flushes are delayed so that a socket gets at most one write in 25 ms", () => {
  for (const [watchers, pauseMs] of [
    [100, 10],
    [250, 25],
    [1_000, 25],
  ] as const) {
    const fixture = new FeedFixture();
    const [first] = count(watchers).map(() => fixture.live());
    const writes = () => first?.socket.writes.length;
    fixture.append(text("a"));
    fixture.clock.settle();
    assert.is(writes(), 1);
    fixture.append(text("b"));
    fixture.append(text("c"));
    fixture.clock.advance(pauseMs - 1);
    assert.is(writes(), 1);
    fixture.clock.advance(1);
    assert.is(writes(), 2);
    assert.is(first?.transcript().text, "abc");
  }
});

test("64 events or 64 KiB are flushed early", () => {
  for (const gathered of [
    count(limits.flushEventsMax).map(() => text("x")),
    [text("x".repeat(limits.flushBytesMax))],
  ]) {
    const fixture = new FeedFixture();
    const [first] = count(250).map(() => fixture.live());
    fixture.append(text("a"));
    fixture.clock.settle();
    fixture.append(text("early"));
    fixture.clock.settle();
    assert.is(first?.socket.writes.length, 1);
    fixture.append(...gathered);
    fixture.clock.settle();
    assert.is(fixture.clock.now(), 0);
    assert.ok((first?.socket.writes.length ?? 0) >= 2);
    assert.is(first?.cursor.seq, fixture.feed.log.seq);
    assert.is(fixture.clock.pending, 0);
  }
});

test("a flush has at most 64 KiB, and the rest follows at once", () => {
  const fixture = new FeedFixture({ outstandingBytesMax: Number.MAX_SAFE_INTEGER });
  const { socket, transcript } = fixture.live();
  fixture.append(...count(500).map((index) => event("tool-output", { data: `${index}`.padEnd(1_000) })));
  fixture.clock.settle();
  assert.is(fixture.clock.now(), 0);
  assert.ok(socket.writes.length >= 4);
  assert.ok(socket.writes.every((frames) => frames.length <= limits.flushBytesMax));
  assert.is(transcript().events.length, 500);
});

test("live events are sent unchanged, never joined", () => {
  const fixture = new FeedFixture();
  const { socket } = fixture.live();
  fixture.append(text("a"), text("b"));
  fixture.clock.settle();
  assert.is(socket.messages().length, 2);
  assert.ok(socket.messages().every((message) => !("fromSeq" in message)));
});

test("all events of a tick schedule one flush", () => {
  const fixture = new FeedFixture();
  fixture.live();
  fixture.append(...count(200).map(() => text("a")));
  assert.is(fixture.clock.pending, 1);
});

test("bytes that were flushed before do not make the next flush urgent", () => {
  const fixture = new FeedFixture();
  const [first] = count(250).map(() => fixture.live());
  fixture.append(event("tool-output", { data: "x".repeat(limits.flushBytesMax) }));
  fixture.clock.settle();
  fixture.append(text("a"));
  fixture.clock.advance(limits.flushIntervalMs);
  const writes = first?.socket.writes.length;
  fixture.append(text("b"));
  fixture.clock.advance(limits.flushIntervalMs - 1);
  assert.is(first?.socket.writes.length, writes);
  fixture.clock.advance(1);
  assert.is(first?.cursor.seq, 3);
});

test("a watcher that catches up does not delay the events of the others", () => {
  const fixture = new FeedFixture();
  const there = fixture.live();
  fixture.append(text("a"));
  const joiner = fixture.watcher();
  joiner.cursor.pump();
  fixture.clock.settle();
  assert.is(there.transcript().text, "a");
  joiner.cursor.pump();
  assert.is(joiner.transcript().text, "a");
});

test("without a live watcher no flush is scheduled", () => {
  const fixture = new FeedFixture();
  fixture.watcher();
  fixture.append(text("a"));
  assert.is(fixture.clock.pending, 0);
});

// ── the turn's signals ──────────────────────────────────────────────────────────────────────────────────────────────

test("those who asked for a turn are told once when it is sealed, and nobody else is", () => {
  const fixture = new FeedFixture();
  fixture.append(event("turn-start"), text("a"), event("done", { reason: "stop" }), sealed());
  fixture.append(event("turn-start", {}, "t2"), sealed("t2"));
  assert.equal(fixture.signals, ["turn over"]);
  fixture.feed.askers.add(fixture.asker);
  fixture.append(event("turn-start", {}, "t3"), text("a", "t3"));
  assert.equal(fixture.signals, ["turn over"]);
  fixture.append(sealed("t3"));
  assert.equal(fixture.signals, ["turn over", "turn over"]);
  assert.is(fixture.feed.log.running, undefined);
});

test("a new watch begins at the running turn, or after the last event", () => {
  const fixture = new FeedFixture();
  assert.is(fixture.feed.startSeq(), 0);
  fixture.append(text("a"), sealed());
  assert.is(fixture.feed.startSeq(), 2);
  fixture.append(text("b", "t2"), text("c", "t2"));
  assert.is(fixture.feed.startSeq(), 2);
});

test("a turn that exceeds its log is signalled once, and then only its end is logged", () => {
  const fixture = new FeedFixture({ turnLogBytesMax: 10_000 });
  const { transcript } = fixture.live();
  const large = event("tool-output", { data: "x".repeat(3_000) });
  fixture.append(event("turn-start"), large, large, large, large, large, text("more"));
  fixture.append(event("done", { reason: "aborted" }), sealed());
  fixture.clock.settle();
  assert.equal(fixture.signals, ["too large", "turn over"]);
  assert.equal(
    transcript().events.map(({ type }) => type),
    ["turn-start", "tool-output", "tool-output", "tool-output", "done", "turn-sealed"],
  );
});

test("the turn after one that exceeded its log is logged whole, even if that one was never sealed", () => {
  for (const ending of [[sealed()], []]) {
    const fixture = new FeedFixture({ turnLogBytesMax: 10_000 });
    fixture.append(event("tool-output", { data: "x".repeat(20_000) }), text("dropped"), ...ending);
    fixture.append(
      event("turn-start", {}, "t2"),
      text("kept", "t2"),
      event("done", { reason: "stop" }, "t2"),
      sealed("t2"),
    );
    const { cursor, transcript } = fixture.watcher(fixture.feed.log.seq - 4);
    cursor.pump();
    assert.is(transcript().text, "kept");
    assert.is(transcript().turns[0]?.sealed, true);
  }
});

test("an event without a turnId passes after a turn that exceeded its log", () => {
  const fixture = new FeedFixture({ turnLogBytesMax: 10_000 });
  fixture.append(event("tool-output", { data: "x".repeat(20_000) }), text("dropped"), sealed());
  const { seq } = fixture.feed.log;
  fixture.append({ type: "note", conversationId: "c" });
  assert.is(fixture.feed.log.seq, seq + 1);
});

test("a late event of a sealed turn passes and does not make that turn run again", () => {
  const fixture = new FeedFixture();
  fixture.append(text("a"), sealed());
  const { seq } = fixture.feed.log;
  fixture.append(text("late"));
  assert.is(fixture.feed.log.seq, seq + 1);
  assert.is(fixture.feed.log.running, undefined);
});

test("an event that JSON cannot encode is refused and stops nothing", () => {
  const fixture = new FeedFixture();
  const { transcript } = fixture.live();
  assert.throws(() => fixture.feed.append(event("tool-call", { input: 1n })));
  fixture.append(text("a"));
  fixture.clock.settle();
  assert.is(transcript().text, "a");
});

// ── joining and leaving during a sliced flush ─────────────────────────────────────────────────────────────────────

function walking() {
  const fixture = new FeedFixture({ socketsPerLoopTurn: 1 });
  const turn = turnByTurn(fixture.clock);
  const watchers = count(3).map(() => fixture.live());
  fixture.append(text("a"));
  turn();
  return { fixture, turn, watchers };
}

test("a sliced flush writes to socketsPerLoopTurn sockets in each turn of the event loop", () => {
  const { turn, watchers } = walking();
  const written = () => watchers.map(({ cursor }) => cursor.seq);
  assert.equal(written(), [1, 0, 0]);
  turn();
  assert.equal(written(), [1, 1, 0]);
  turn();
  assert.equal(written(), [1, 1, 1]);
});

test("events that arrive during a sliced flush are sent to all watchers after it", () => {
  const { fixture, turn, watchers } = walking();
  fixture.append(text("b"), text("c"));
  while (turn());
  fixture.clock.advance(limits.flushIntervalMs);
  while (turn());
  for (const { transcript } of watchers) assert.is(transcript().text, "abc");
});

test("a watcher that joins during a sliced flush catches up to it and gets nothing twice", () => {
  const { fixture, turn, watchers } = walking();
  fixture.append(text("b"));
  const late = fixture.live();
  assert.is(late.transcript().text, "a", "the late watcher is where the others will be after the flush");
  assert.is(fixture.feed.live.size, 4);
  while (turn());
  for (const { transcript } of [...watchers, late]) assert.is(transcript().text, "ab");
  for (const { socket } of [...watchers, late]) assert.is(socket.writes.length, 2);
});

test("a watcher that leaves during a sliced flush gets nothing more, and the others get all of it", () => {
  const { fixture, turn, watchers } = walking();
  const [first, second, third] = watchers;
  first?.cursor.leave();
  second?.cursor.drop();
  while (turn());
  fixture.append(text("b"));
  while (turn());
  assert.equal(
    [first, second, third].map((one) => one?.transcript().text),
    ["a", "", "ab"],
  );
});

test("a watcher that leaves and rejoins during a sliced flush misses nothing", () => {
  const { fixture, turn, watchers } = walking();
  const second = watchers[1];
  second?.cursor.leave();
  fixture.append(text("b"));
  second?.cursor.pump();
  second?.cursor.join();
  while (turn());
  fixture.clock.advance(limits.flushIntervalMs);
  while (turn());
  for (const { transcript } of watchers) assert.is(transcript().text, "ab");
});

test("if all watchers leave during a sliced flush, the next watcher misses nothing", () => {
  const { fixture, turn, watchers } = walking();
  for (const { cursor } of watchers) cursor.leave();
  fixture.append(text("b"));
  while (turn());
  const last = fixture.live();
  fixture.append(text("c"));
  while (turn());
  assert.is(last.transcript().text, "abc");
});

test("if events are shed before a live watcher got them, its cursor falls behind and reports that it is lost", () => {
  const fixture = new FeedFixture();
  const watcher = fixture.live();
  fixture.append(text("a"), sealed());
  fixture.feed.log.shedOldest();
  fixture.append(text("b", "t2"));
  fixture.clock.settle();
  assert.equal(watcher.signals, ["fellBehind"]);
  assert.is(watcher.cursor.pump(), "lost");
  assert.is(watcher.socket.writes.length, 0);
  const joiner = fixture.live();
  assert.is(joiner.transcript().text, "b");
});

test("a stopped feed leaves no timer and writes nothing", () => {
  const fixture = new FeedFixture();
  const watchers = count(250).map(() => fixture.live());
  fixture.append(text("a"));
  fixture.clock.settle();
  fixture.append(text("b"));
  assert.is(fixture.clock.pending, 1);
  let left = 0;
  fixture.feed.unsubscribe = () => void left++;
  fixture.feed.stop();
  fixture.feed.stop();
  assert.is(left, 1);
  assert.is(fixture.clock.pending, 0);
  fixture.clock.advance(1_000);
  assert.is(watchers[0]?.transcript().text, "a");
});

test("stopping a feed during a sliced flush ends the flush", () => {
  const { fixture, turn, watchers } = walking();
  fixture.feed.stop();
  while (turn());
  assert.equal(
    watchers.map(({ cursor }) => cursor.seq),
    [1, 0, 0],
  );
});

// ── any sequence of events ────────────────────────────────────────────────────────────────────────────────────────

type Step = "append" | "tick" | "turn" | "pause" | "come" | "go" | "back" | "congest" | "drain" | "pump";

test("a watcher that joins, leaves, lags and comes back ends with the whole text and got each event once", () => {
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom<Step>(
        "append",
        "append",
        "append",
        "tick",
        "turn",
        "pause",
        "come",
        "go",
        "back",
        "congest",
        "drain",
        "pump",
      ),
      fc.nat(1_000),
    ),
    { maxLength: 120 },
  );
  const property = fc.property(steps, fc.integer({ min: 1, max: 3 }), (list, perLoopTurn) => {
    const fixture = new FeedFixture({ socketsPerLoopTurn: perLoopTurn, flushEventsMax: 4, catchUpSliceBytes: 300 });
    const turn = turnByTurn(fixture.clock);
    const watchers: Watcher[] = [];
    let said = "";
    const finish = (watcher: Watcher): void => {
      while (watcher.cursor.pump() === "more");
      watcher.cursor.join();
    };
    for (const [step, number] of list) {
      const watcher = watchers[number % Math.max(1, watchers.length)];
      if (step === "append") {
        const word = `${number} `;
        said += word;
        fixture.append(number % 5 === 0 ? event("note", { delta: word }) : text(word));
      } else if (step === "tick") while (turn());
      else if (step === "turn") turn();
      else if (step === "pause") fixture.clock.advance(number % 30);
      else if (step === "come") watchers.push(fixture.watcher(0));
      else if (step === "go") watcher?.cursor.leave();
      else if (step === "back" && watcher) finish(watcher);
      else if (step === "congest" && watcher) watcher.writer.congested = true;
      else if (step === "drain" && watcher) watcher.writer.congested = false;
      else watcher?.cursor.pump();
    }
    for (const watcher of watchers) {
      watcher.writer.congested = false;
      watcher.cursor.leave();
      while (turn());
      fixture.clock.advance(limits.flushIntervalMs);
      while (watcher.cursor.pump() === "more");
    }
    for (const { cursor, transcript } of watchers) {
      assert.is(cursor.seq, fixture.feed.log.seq);
      assert.is(
        transcript()
          .events.map((one) => String(one["delta"]))
          .join(""),
        said,
      );
    }
  });
  check(property, 1_000);
});

test.run();
