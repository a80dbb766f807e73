// A watch's cursor in the log: it writes only events that begin right after it, so that every step can be repeated, and
// it reports when those events are gone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { closes } from "../../src/protocol/closes.ts";
import { event, FeedFixture, sealed, text } from "../support/feed-fixture.ts";

const test = suite("cursor");

const KiB = 1024;
/** The limits that the numbers in these tests assume, whatever the defaults are. */
const usual = { catchUpSliceBytes: 64 * KiB, outstandingBytesMax: 256 * KiB, turnLogBytesMax: 1024 * KiB };
const long = (bytes: number) => text("x".repeat(bytes));

test("a cursor with nothing to write reaches the end at once", () => {
  const { feed, socket, cursor, signals } = withWatcher();
  assert.is(cursor.pump(), "end");
  assert.equal(signals, ["reachedEnd"]);
  assert.is(socket.writes.length, 0);
  cursor.join();
  assert.is(feed.live.size, 1);
});

test("a watcher that joins between a turn's end and its flush is live at once, and gets later events once", () => {
  const fixture = new FeedFixture();
  const other = fixture.live();
  fixture.append(event("turn-start"), text("a"), sealed());
  const late = fixture.watcher();
  assert.is(late.cursor.pump(), "end");
  late.cursor.join();
  assert.equal(late.signals, ["reachedEnd"], "the watcher does not fall behind repeatedly until the flush");
  fixture.clock.advance(fixture.limits.flushIntervalMs);
  assert.is(late.socket.writes.length, 0);
  fixture.append(event("turn-start", {}, "t2"), text("b", "t2"));
  fixture.clock.advance(fixture.limits.flushIntervalMs);
  assert.is(late.transcript().text, "b");
  assert.is(other.transcript().text, "ab");
  assert.equal(late.signals, ["reachedEnd"]);
});

function withWatcher(fixture = new FeedFixture()) {
  return { fixture, feed: fixture.feed, ...fixture.watcher() };
}

test("a late watcher gets the running turn from its first event, with text joined", () => {
  const fixture = new FeedFixture(usual);
  fixture.append(event("turn-start", {}, "t0"), sealed("t0"), event("turn-start"), text("a"), text("b"), text("c"));
  const { cursor, socket, transcript } = fixture.watcher();
  assert.is(cursor.pump(), "end");
  assert.is(transcript().text, "abc");
  assert.is(transcript().firstSeq, 3);
  assert.is(socket.writes.length, 1);
  assert.is(socket.messages().length, 2);
});

test("each call of pump writes one slice of 64 KiB", () => {
  const fixture = new FeedFixture(usual);
  fixture.append(...Array.from({ length: 230 }, (_, index) => text(`${index}`.padEnd(1_000))));
  const { cursor, socket, transcript } = fixture.watcher();
  const steps: string[] = [];
  for (let progress = ""; progress !== "end"; steps.push(progress)) progress = cursor.pump();
  assert.equal(steps, ["more", "more", "more", "end"]);
  assert.ok(socket.writes.every((frames) => frames.length < 67 * KiB));
  assert.is(transcript().text.length, 230_000);
});

test("pumping again at the end writes nothing twice", () => {
  const fixture = new FeedFixture();
  fixture.append(text("a"));
  const { cursor, socket, signals } = fixture.watcher();
  for (let count = 0; count < 3; count++) assert.is(cursor.pump(), "end");
  assert.is(socket.writes.length, 1);
  assert.equal(signals, ["reachedEnd", "reachedEnd", "reachedEnd"]);
});

test("catching up stops when the socket is congested, and continues from there when it has drained", () => {
  const fixture = new FeedFixture(usual);
  fixture.append(...Array.from({ length: 600 }, () => long(1_000)));
  const { cursor, socket, writer, signals, transcript } = fixture.watcher();
  let progress = cursor.pump();
  while (progress === "more") progress = cursor.pump();
  assert.is(progress, "held");
  assert.equal(signals, ["congested"]);
  const { seq } = cursor;
  assert.is(cursor.pump(), "held");
  assert.is(cursor.seq, seq);
  socket.answer((payload) => writer.ack(payload));
  assert.equal(signals, ["congested", "drained"]);
  while (cursor.pump() === "more");
  while (cursor.seq < fixture.feed.log.seq) {
    socket.answer((payload) => writer.ack(payload));
    cursor.pump();
  }
  assert.is(transcript().text.length, 600_000);
});

test("a last slice that congests the socket signals both", () => {
  const fixture = new FeedFixture({ outstandingBytesMax: 100 });
  fixture.append(long(200));
  const { cursor, signals } = fixture.watcher();
  assert.is(cursor.pump(), "end");
  assert.equal(signals, ["congested", "reachedEnd"]);
});

test("a cursor that finds new events when it joins writes those first and misses none", () => {
  const fixture = new FeedFixture();
  const other = fixture.live();
  fixture.append(text("a"));
  fixture.clock.settle();
  const { cursor, signals, transcript } = fixture.watcher();
  cursor.pump();
  fixture.append(text("b"));
  fixture.clock.settle();
  cursor.join();
  assert.equal(signals, ["reachedEnd"]);
  assert.is(fixture.feed.live.size, 2);
  fixture.append(text("c"));
  fixture.clock.advance(100);
  assert.is(transcript().text, "abc");
  assert.is(other.transcript().text, "abc");
});

test("events between the end and joining are not lost when no other watcher is live", () => {
  const fixture = new FeedFixture();
  fixture.append(text("a"));
  const { cursor, signals, transcript } = fixture.watcher();
  cursor.pump();
  fixture.append(text("b"));
  cursor.join();
  assert.equal(signals, ["reachedEnd"]);
  fixture.append(text("c"));
  fixture.clock.settle();
  assert.is(transcript().text, "abc");
});

test("a watcher that joins with more than a slice to go falls behind, and joins when it has caught up", () => {
  const fixture = new FeedFixture({ catchUpSliceBytes: 200 });
  const { cursor, signals, transcript } = fixture.watcher();
  cursor.pump();
  for (let index = 0; index < 3; index++) fixture.append(long(150), event("note", {}));
  cursor.join();
  assert.equal(signals, ["reachedEnd", "fellBehind"]);
  assert.is(fixture.feed.live.size, 0);
  while (cursor.pump() === "more");
  cursor.join();
  assert.is(fixture.feed.live.size, 1);
  assert.ok(transcript().text.length >= 450);
});

test("a second join has no effect, nor has a second leave", () => {
  const fixture = new FeedFixture();
  const { cursor, transcript } = fixture.live();
  cursor.join();
  fixture.append(text("a"));
  fixture.clock.settle();
  assert.is(transcript().text, "a");
  cursor.leave();
  cursor.leave();
  assert.is(fixture.feed.live.size, 0);
});

test("a flush that does not begin at the cursor is not written, and the cursor falls behind", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.live();
  fixture.append(text("a"), text("b"), text("c"));
  const { frames } = fixture.feed.log.frames(1, 1_000);
  cursor.flush(frames, 1, 3);
  assert.is(socket.writes.length, 0);
  assert.equal(signals, ["fellBehind"]);
  assert.is(fixture.feed.live.size, 0);
});

test("a flush of events that the cursor has already written is skipped", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.live();
  fixture.append(text("a"), text("b"));
  cursor.pump();
  cursor.flush(fixture.feed.log.frames(0, 1_000).frames, 0, 2);
  assert.is(socket.writes.length, 1);
  assert.equal(signals, ["reachedEnd"]);
  assert.is(fixture.feed.live.size, 1);
});

test("a flush to a congested socket removes it from the live set and does not move its cursor", () => {
  const fixture = new FeedFixture();
  const { cursor, writer, signals } = fixture.live();
  writer.congested = true;
  fixture.append(text("a"));
  fixture.clock.settle();
  assert.is(cursor.seq, 0);
  assert.is(fixture.feed.live.size, 0);
  assert.equal(signals, []);
});

test("a dropped cursor writes nothing, whichever method is called", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.live();
  cursor.drop();
  fixture.append(text("a"));
  fixture.clock.settle();
  assert.is(cursor.pump(), "held");
  cursor.join();
  assert.is(fixture.feed.live.size, 0);
  assert.is(socket.writes.length, 0);
  assert.equal(signals, []);
});

test("the cursor of a closed socket writes nothing", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, writer } = fixture.live();
  writer.close(closes.slow);
  fixture.append(text("a"));
  fixture.clock.settle();
  cursor.leave();
  assert.is(cursor.pump(), "held");
  assert.is(socket.writes.length, 0);
});

test("a cursor whose place in the log was shed reports that it is lost and writes nothing", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.watcher();
  fixture.append(text("a"), sealed());
  fixture.feed.log.shedOldest();
  fixture.append(text("b", "t2"));
  assert.is(cursor.pump(), "lost");
  assert.equal(signals, ["lost"]);
  assert.is(socket.writes.length, 0);
});

test("a cursor continues if the log was shed only up to its place", () => {
  const fixture = new FeedFixture();
  const { cursor, signals, transcript } = fixture.watcher();
  fixture.append(text("a"), sealed());
  while (cursor.pump() === "more");
  fixture.feed.log.shedOldest();
  fixture.append(text("b", "t2"));
  assert.is(cursor.pump(), "end");
  assert.not.ok(signals.includes("lost"));
  assert.is(transcript().text, "ab");
});

test.run();
