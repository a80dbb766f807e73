// A watch's place in the log: it writes only what begins right after it, so that every step may be repeated, and it
// says when what it needs is gone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { closes } from "../../src/protocol/closes.ts";
import { event, FeedHouse, sealed, text } from "../support/feed-house.ts";

const test = suite("cursor");

const KiB = 1024;
/** What the numbers in these tests go by, whatever the limits are. */
const usual = { catchUpSliceBytes: 64 * KiB, outstandingBytesMax: 256 * KiB, turnLogBytesMax: 1024 * KiB };
const long = (bytes: number) => text("x".repeat(bytes));

test("a cursor with nothing to write is at the end at once", () => {
  const { feed, socket, cursor, facts } = withWatcher();
  assert.is(cursor.pump(), "end");
  assert.equal(facts, ["reachedEnd"]);
  assert.is(socket.writes.length, 0);
  cursor.join();
  assert.is(feed.live.size, 1);
});

test("who comes while the end of a turn waits for its flush is live at once, and gets what follows once", () => {
  const house = new FeedHouse();
  const other = house.live();
  house.append(event("turn-start"), text("a"), sealed());
  const late = house.watcher();
  assert.is(late.cursor.pump(), "end");
  late.cursor.join();
  assert.equal(late.facts, ["reachedEnd"], "it does not fall behind, again and again, until the flush");
  house.clock.advance(house.limits.flushIntervalMs);
  assert.is(late.socket.writes.length, 0);
  house.append(event("turn-start", {}, "t2"), text("b", "t2"));
  house.clock.advance(house.limits.flushIntervalMs);
  assert.is(late.transcript().text, "b");
  assert.is(other.transcript().text, "ab");
  assert.equal(late.facts, ["reachedEnd"]);
});

function withWatcher(house = new FeedHouse()) {
  return { house, feed: house.feed, ...house.watcher() };
}

test("a late joiner is written the running turn from its first event, text joined", () => {
  const house = new FeedHouse(usual);
  house.append(event("turn-start", {}, "t0"), sealed("t0"), event("turn-start"), text("a"), text("b"), text("c"));
  const { cursor, socket, transcript } = house.watcher();
  assert.is(cursor.pump(), "end");
  assert.is(transcript().text, "abc");
  assert.is(transcript().firstSeq, 3);
  assert.is(socket.writes.length, 1);
  assert.is(socket.messages().length, 2);
});

test("catching up goes in slices of 64 KiB, one a call", () => {
  const house = new FeedHouse(usual);
  house.append(...Array.from({ length: 230 }, (_, index) => text(`${index}`.padEnd(1_000))));
  const { cursor, socket, transcript } = house.watcher();
  const steps: string[] = [];
  for (let progress = ""; progress !== "end"; steps.push(progress)) progress = cursor.pump();
  assert.equal(steps, ["more", "more", "more", "end"]);
  assert.ok(socket.writes.every((frames) => frames.length < 67 * KiB));
  assert.is(transcript().text.length, 230_000);
});

test("pumping again at the end writes nothing twice", () => {
  const house = new FeedHouse();
  house.append(text("a"));
  const { cursor, socket, facts } = house.watcher();
  for (let count = 0; count < 3; count++) assert.is(cursor.pump(), "end");
  assert.is(socket.writes.length, 1);
  assert.equal(facts, ["reachedEnd", "reachedEnd", "reachedEnd"]);
});

test("catching up stops when the socket is congested, and goes on where it was when it has drained", () => {
  const house = new FeedHouse(usual);
  house.append(...Array.from({ length: 600 }, () => long(1_000)));
  const { cursor, socket, outlet, facts, transcript } = house.watcher();
  let progress = cursor.pump();
  while (progress === "more") progress = cursor.pump();
  assert.is(progress, "held");
  assert.equal(facts, ["congested"]);
  const { seq } = cursor;
  assert.is(cursor.pump(), "held");
  assert.is(cursor.seq, seq);
  socket.answer((payload) => outlet.receipt(payload));
  assert.equal(facts, ["congested", "drained"]);
  while (cursor.pump() === "more");
  while (cursor.seq < house.feed.log.seq) {
    socket.answer((payload) => outlet.receipt(payload));
    cursor.pump();
  }
  assert.is(transcript().text.length, 600_000);
});

test("a slice that congests the socket and is the last one says both", () => {
  const house = new FeedHouse({ outstandingBytesMax: 100 });
  house.append(long(200));
  const { cursor, facts } = house.watcher();
  assert.is(cursor.pump(), "end");
  assert.equal(facts, ["congested", "reachedEnd"]);
});

test("a cursor that reached the end and finds more when it joins is given that first, and misses nothing", () => {
  const house = new FeedHouse();
  const other = house.live();
  house.append(text("a"));
  house.clock.settle();
  const { cursor, facts, transcript } = house.watcher();
  cursor.pump();
  house.append(text("b"));
  house.clock.settle();
  cursor.join();
  assert.equal(facts, ["reachedEnd"]);
  assert.is(house.feed.live.size, 2);
  house.append(text("c"));
  house.clock.advance(100);
  assert.is(transcript().text, "abc");
  assert.is(other.transcript().text, "abc");
});

test("events between the end and joining are not lost when nobody else lives", () => {
  const house = new FeedHouse();
  house.append(text("a"));
  const { cursor, facts, transcript } = house.watcher();
  cursor.pump();
  house.append(text("b"));
  cursor.join();
  assert.equal(facts, ["reachedEnd"]);
  house.append(text("c"));
  house.clock.settle();
  assert.is(transcript().text, "abc");
});

test("who joins with more than a slice to go falls behind, and joins when it has caught up", () => {
  const house = new FeedHouse({ catchUpSliceBytes: 200 });
  const { cursor, facts, transcript } = house.watcher();
  cursor.pump();
  for (let index = 0; index < 3; index++) house.append(long(150), event("note", {}));
  cursor.join();
  assert.equal(facts, ["reachedEnd", "fellBehind"]);
  assert.is(house.feed.live.size, 0);
  while (cursor.pump() === "more");
  cursor.join();
  assert.is(house.feed.live.size, 1);
  assert.ok(transcript().text.length >= 450);
});

test("joining twice is joining once, and leaving twice is harmless", () => {
  const house = new FeedHouse();
  const { cursor, transcript } = house.live();
  cursor.join();
  house.append(text("a"));
  house.clock.settle();
  assert.is(transcript().text, "a");
  cursor.leave();
  cursor.leave();
  assert.is(house.feed.live.size, 0);
});

test("a flush that does not begin where the cursor stands is not written: it falls behind", () => {
  const house = new FeedHouse();
  const { cursor, socket, facts } = house.live();
  house.append(text("a"), text("b"), text("c"));
  const { frames } = house.feed.log.frames(1, 1_000);
  cursor.flush(frames, 1, 3);
  assert.is(socket.writes.length, 0);
  assert.equal(facts, ["fellBehind"]);
  assert.is(house.feed.live.size, 0);
});

test("a flush of what the cursor has written already is passed over", () => {
  const house = new FeedHouse();
  const { cursor, socket, facts } = house.live();
  house.append(text("a"), text("b"));
  cursor.pump();
  cursor.flush(house.feed.log.frames(0, 1_000).frames, 0, 2);
  assert.is(socket.writes.length, 1);
  assert.equal(facts, ["reachedEnd"]);
  assert.is(house.feed.live.size, 1);
});

test("a flush to a congested socket takes it out of the live set and leaves its cursor where it was", () => {
  const house = new FeedHouse();
  const { cursor, outlet, facts } = house.live();
  outlet.congested = true;
  house.append(text("a"));
  house.clock.settle();
  assert.is(cursor.seq, 0);
  assert.is(house.feed.live.size, 0);
  assert.equal(facts, []);
});

test("nothing is written through a dropped cursor, whatever is asked of it", () => {
  const house = new FeedHouse();
  const { cursor, socket, facts } = house.live();
  cursor.drop();
  house.append(text("a"));
  house.clock.settle();
  assert.is(cursor.pump(), "held");
  cursor.join();
  assert.is(house.feed.live.size, 0);
  assert.is(socket.writes.length, 0);
  assert.equal(facts, []);
});

test("nothing is written through the cursor of a socket that has ended", () => {
  const house = new FeedHouse();
  const { cursor, socket, outlet } = house.live();
  outlet.close(closes.slow);
  house.append(text("a"));
  house.clock.settle();
  cursor.leave();
  assert.is(cursor.pump(), "held");
  assert.is(socket.writes.length, 0);
});

test("a cursor whose place in the log was shed says that it is lost, and writes nothing with a hole", () => {
  const house = new FeedHouse();
  const { cursor, socket, facts } = house.watcher();
  house.append(text("a"), sealed());
  house.feed.log.shedOldest();
  house.append(text("b", "t2"));
  assert.is(cursor.pump(), "lost");
  assert.equal(facts, ["lost"]);
  assert.is(socket.writes.length, 0);
});

test("a cursor whose log was shed up to its place goes on", () => {
  const house = new FeedHouse();
  const { cursor, facts, transcript } = house.watcher();
  house.append(text("a"), sealed());
  while (cursor.pump() === "more");
  house.feed.log.shedOldest();
  house.append(text("b", "t2"));
  assert.is(cursor.pump(), "end");
  assert.not.ok(facts.includes("lost"));
  assert.is(transcript().text, "ab");
});

test.run();
