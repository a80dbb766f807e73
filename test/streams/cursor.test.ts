// A watch's place in the log: it writes only what begins right after it, so that every step may be repeated, and it
// says when what it needs is gone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { closes } from "../../src/protocol/closes.ts";
import { event, FeedFixture, sealed, text } from "../support/feed-fixture.ts";

const test = suite("cursor");

const KiB = 1024;
/** What the numbers in these tests go by, whatever the limits are. */
const usual = { catchUpSliceBytes: 64 * KiB, outstandingBytesMax: 256 * KiB, turnLogBytesMax: 1024 * KiB };
const long = (bytes: number) => text("x".repeat(bytes));

test("a cursor with nothing to write is at the end at once", () => {
  const { feed, socket, cursor, signals } = withWatcher();
  assert.is(cursor.pump(), "end");
  assert.equal(signals, ["reachedEnd"]);
  assert.is(socket.writes.length, 0);
  cursor.join();
  assert.is(feed.live.size, 1);
});

test("who comes while the end of a turn waits for its flush is live at once, and gets what follows once", () => {
  const fixture = new FeedFixture();
  const other = fixture.live();
  fixture.append(event("turn-start"), text("a"), sealed());
  const late = fixture.watcher();
  assert.is(late.cursor.pump(), "end");
  late.cursor.join();
  assert.equal(late.signals, ["reachedEnd"], "it does not fall behind, again and again, until the flush");
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

test("a late corker is written the running turn from its first event, text joined", () => {
  const fixture = new FeedFixture(usual);
  fixture.append(event("turn-start", {}, "t0"), sealed("t0"), event("turn-start"), text("a"), text("b"), text("c"));
  const { cursor, socket, transcript } = fixture.watcher();
  assert.is(cursor.pump(), "end");
  assert.is(transcript().text, "abc");
  assert.is(transcript().firstSeq, 3);
  assert.is(socket.writes.length, 1);
  assert.is(socket.messages().length, 2);
});

test("catching up goes in slices of 64 KiB, one a call", () => {
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

test("catching up stops when the socket is congested, and goes on where it was when it has drained", () => {
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

test("a slice that congests the socket and is the last one says both", () => {
  const fixture = new FeedFixture({ outstandingBytesMax: 100 });
  fixture.append(long(200));
  const { cursor, signals } = fixture.watcher();
  assert.is(cursor.pump(), "end");
  assert.equal(signals, ["congested", "reachedEnd"]);
});

test("a cursor that reached the end and finds more when it joins is given that first, and misses nothing", () => {
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

test("events between the end and joining are not lost when nobody else lives", () => {
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

test("who joins with more than a slice to go falls behind, and joins when it has caught up", () => {
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

test("joining twice is joining once, and leaving twice is harmless", () => {
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

test("a flush that does not begin where the cursor stands is not written: it falls behind", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.live();
  fixture.append(text("a"), text("b"), text("c"));
  const { frames } = fixture.feed.log.frames(1, 1_000);
  cursor.flush(frames, 1, 3);
  assert.is(socket.writes.length, 0);
  assert.equal(signals, ["fellBehind"]);
  assert.is(fixture.feed.live.size, 0);
});

test("a flush of what the cursor has written already is passed over", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.live();
  fixture.append(text("a"), text("b"));
  cursor.pump();
  cursor.flush(fixture.feed.log.frames(0, 1_000).frames, 0, 2);
  assert.is(socket.writes.length, 1);
  assert.equal(signals, ["reachedEnd"]);
  assert.is(fixture.feed.live.size, 1);
});

test("a flush to a congested socket takes it out of the live set and leaves its cursor where it was", () => {
  const fixture = new FeedFixture();
  const { cursor, writer, signals } = fixture.live();
  writer.congested = true;
  fixture.append(text("a"));
  fixture.clock.settle();
  assert.is(cursor.seq, 0);
  assert.is(fixture.feed.live.size, 0);
  assert.equal(signals, []);
});

test("nothing is written through a dropped cursor, whatever is asked of it", () => {
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

test("nothing is written through the cursor of a socket that has ended", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, writer } = fixture.live();
  writer.close(closes.slow);
  fixture.append(text("a"));
  fixture.clock.settle();
  cursor.leave();
  assert.is(cursor.pump(), "held");
  assert.is(socket.writes.length, 0);
});

test("a cursor whose place in the log was shed says that it is lost, and writes nothing with a hole", () => {
  const fixture = new FeedFixture();
  const { cursor, socket, signals } = fixture.watcher();
  fixture.append(text("a"), sealed());
  fixture.feed.log.shedOldest();
  fixture.append(text("b", "t2"));
  assert.is(cursor.pump(), "lost");
  assert.equal(signals, ["lost"]);
  assert.is(socket.writes.length, 0);
});

test("a cursor whose log was shed up to its place goes on", () => {
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
