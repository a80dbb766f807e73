// Fair reading of incoming bytes: a source that sends little is read at once, a source that sends much is read in small
// slices, and each byte is read once and in order.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Limits, limits } from "../../src/limits.ts";
import { FairReader } from "../../src/transport/fair-reader.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("reader");

const KiB = 1024;
/** The limits that the numbers in these tests assume. */
const usual = { inputMsPerLoopTurn: 1, inputCooldown: 3 };

class Sender {
  destroyed = false;
  isPaused = false;
  heard = "";
  /** The sizes of the slices that were read from it. */
  slices: number[] = [];

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** @param msPerKiB the time that reading takes. */
function open(msPerKiB = 0, bounds: Partial<Limits> = {}) {
  const clock = new SimulatedClock();
  /** The senders of the slices, in the order of reading. */
  const order: Sender[] = [];
  const flooding: Sender[] = [];
  const each: { read?: (from: Sender) => void } = {};
  const reader = new FairReader<Sender>(
    clock,
    { ...limits, ...usual, ...bounds },
    (from, slice) => {
      from.heard += slice.toString("latin1");
      from.slices.push(slice.length);
      order.push(from);
      clock.hold((slice.length / KiB) * msPerKiB);
      each.read?.(from);
    },
    (from) => flooding.push(from),
  );
  return { clock, reader, order, each, flooding };
}

const bytes = (count: number, fill = "x"): Buffer => Buffer.alloc(count, fill);

test("a source that sends little is read at once and never paused", () => {
  const { clock, reader } = open();
  const sender = new Sender();
  for (let count = 0; count < 50; count++) reader.take(sender, Buffer.from(`${count},`));
  assert.is(sender.heard.split(",").length, 51);
  assert.not(sender.isPaused);
  clock.advance(100);
  assert.is(clock.pending, 0, "no timer is left");
});

test("a source that sends much is paused, and read in slices in order until all is read", () => {
  const { clock, reader } = open(0.5);
  const sender = new Sender();
  const sent = Array.from({ length: 64 * KiB }, (_, index) => String.fromCharCode(97 + (index % 26))).join("");
  reader.take(sender, Buffer.from(sent));
  assert.ok(sender.isPaused);
  assert.is(reader.waiting, 1);
  clock.advance(1_000);
  assert.is(sender.heard, sent);
  assert.not(sender.isPaused);
  assert.ok(sender.slices.length > 16, `${sender.slices}`);
  assert.is(reader.waiting, 0);
  assert.is(clock.pending, 0);
});

test("expensive bytes are read in smaller slices, and cheap ones in larger slices", () => {
  const dear = new Sender();
  const expensive = open(5);
  expensive.reader.take(dear, bytes(16 * KiB));
  expensive.clock.advance(10_000);
  assert.equal(dear.slices.slice(0, 4), [1024, 256, 128, 128]);
  const cheap = new Sender();
  const fast = open(0.001);
  fast.reader.take(cheap, bytes(16 * KiB));
  fast.clock.advance(100);
  assert.equal(cheap.slices, [1024, 2048, 4096, 4096, 4096, 1024]);
});

test("beside fifty sources at full speed, a source that sends little waits at most one turn of the event loop", () => {
  const { clock, reader, order } = open(1);
  const senders = Array.from({ length: 50 }, () => new Sender());
  const calm = new Sender();
  const sendOn = (): void => {
    for (const sender of senders) if (!sender.isPaused) reader.take(sender, bytes(64 * KiB));
  };
  sendOn();
  for (let count = 0; count < 200; count++) {
    clock.advance(7);
    sendOn();
    const before = order.length;
    reader.take(calm, Buffer.from("."));
    clock.turn();
    assert.is(calm.heard.length, count + 1);
    assert.ok(order.length - before <= 2, `${order.length - before} slices were read in between`);
  }
  const read = senders.map(({ heard }) => heard.length);
  assert.ok(Math.min(...read) > 0, "each source gets a turn");
  assert.ok(Math.max(...read) - Math.min(...read) <= 2 * KiB, `${Math.min(...read)} to ${Math.max(...read)}`);
});

test("many sources that send much share a quarter of the time, and a single one gets all of it", () => {
  const { clock, reader } = open(1);
  const senders = Array.from({ length: 20 }, () => new Sender());
  for (const sender of senders) reader.take(sender, bytes(640 * KiB));
  const spent = (): number => senders.reduce((sum, { heard }) => sum + heard.length / KiB, 0);
  clock.advance(1_000);
  const spentMs = spent();
  assert.ok(spentMs > 200 && spentMs < 300, `${spentMs} of 1,000 ms`);
  const alone = open(1);
  const sender = new Sender();
  alone.reader.take(sender, bytes(640 * KiB));
  alone.clock.settle();
  assert.is(sender.heard.length, 640 * KiB);
});

test("as long as no source has sent more than inputFloodBytes, sources that send much wait only for each other", () => {
  const { clock, reader } = open(0.1);
  const senders = Array.from({ length: 20 }, () => new Sender());
  for (const sender of senders) reader.take(sender, bytes(limits.inputFloodBytes));
  clock.settle();
  assert.ok(senders.every(({ heard }) => heard.length === limits.inputFloodBytes));
  assert.ok(clock.now() < 20 * 4 * 0.1 + 1, `${clock.now()} ms instead of 8`);
});

test("beside others, a source that sends much is read in small slices until they have proved cheap", () => {
  const { clock, reader } = open(0.001);
  const [first, second] = [new Sender(), new Sender()];
  for (const sender of [first, second]) reader.take(sender, bytes(4 * KiB));
  clock.settle();
  assert.equal(first.slices, [1024, 2048, 1024]);
  assert.equal(second.slices, [128, 256, 512, 1024, 2048, 128]);
});

test("the second and each later turn that a source with much input begins counts as reading time", () => {
  const turnsBegun = (turnMs: number): number => {
    const { clock, reader, each } = open(0.01);
    const senders = Array.from({ length: 5 }, () => new Sender());
    let begun = 0;
    each.read = (from) => {
      begun++;
      reader.began(from, turnMs);
    };
    for (const sender of senders) reader.take(sender, bytes(640 * KiB));
    clock.advance(1_000);
    return begun;
  };
  assert.ok(turnsBegun(0) > 500, `${turnsBegun(0)} turns without a cost`);
  // When all five sources have begun a second turn, a cooldown of three times 10 ms follows each turn.
  const rested = 1_000 / 30;
  const charged = turnsBegun(10);
  assert.ok(charged > rested && charged < rested + 10, `${charged} turns that cost 10 ms`);
});

test("a single text that begins a turn is not charged for it, nor is a source that sends little", () => {
  const { clock, reader, each } = open(0.01);
  each.read = (from) => reader.began(from, 1_000);
  const senders = Array.from({ length: 50 }, () => new Sender());
  for (const [index, sender] of senders.entries()) reader.take(sender, bytes(index < 25 ? 10 : 128));
  clock.settle();
  assert.ok(senders.every(({ heard }) => heard !== ""));
  assert.ok(clock.now() < 2, `${clock.now()} ms`);
});

test("if many small senders come in one turn of the event loop, those without time are read in the next turn", () => {
  const { clock, reader } = open(100);
  const senders = Array.from({ length: 30 }, () => new Sender());
  for (const sender of senders) reader.take(sender, bytes(3));
  const heard = (): number => senders.filter((sender) => sender.heard !== "").length;
  assert.is(heard(), 4, "as many as there was time for");
  clock.turn();
  assert.is(heard(), 8);
  clock.settle();
  assert.is(heard(), 30);
  assert.ok(senders.every(({ isPaused }) => !isPaused));
});

test("a source that has sent much recently does not count as one that sends little", () => {
  const { clock, reader } = open(1);
  const sender = new Sender();
  reader.take(sender, bytes(2 * KiB));
  for (let ms = 0; sender.isPaused && ms < 100; ms++) clock.advance(1);
  assert.is(sender.heard.length, 2 * KiB);
  reader.take(sender, bytes(10));
  assert.is(sender.heard.length, 2 * KiB, "the bytes wait");
  clock.advance(50);
  assert.is(sender.heard.length, 2 * KiB + 10);
  reader.take(sender, bytes(10));
  assert.is(sender.heard.length, 2 * KiB + 20, "after a while it counts as one that sends little again");
});

test("if a waiting source is resumed from outside, its new bytes are read after its earlier ones", () => {
  const { clock, reader } = open(1);
  const sender = new Sender();
  reader.take(sender, bytes(2 * KiB, "a"));
  sender.resume();
  reader.take(sender, bytes(5, "b"));
  assert.ok(sender.isPaused);
  clock.advance(100);
  assert.is(sender.heard, `${"a".repeat(2 * KiB)}bbbbb`);
});

test("an ignored source is not read: one more chunk is accepted and dropped, and then the source is paused", () => {
  const { clock, reader, each } = open(1);
  const sender = new Sender();
  each.read = (from) => reader.ignore(from);
  reader.take(sender, bytes(64 * KiB));
  clock.advance(1_000);
  assert.is(sender.heard.length, KiB, "the slice that made it ignored was the last");
  assert.is(reader.waiting, 0);
  sender.resume();
  reader.take(sender, bytes(64 * KiB));
  assert.ok(sender.isPaused);
  assert.is(sender.heard.length, KiB);
  assert.is(clock.pending, 0);
});

test("a held source is not read until its release, then read in order, and does not count as flooding", () => {
  const { clock, reader, each, flooding } = open(1);
  const sender = new Sender();
  each.read = (from) => {
    if (from.heard.length === KiB) reader.hold(from);
  };
  reader.take(sender, bytes(3 * KiB, "a"));
  clock.advance(100);
  assert.is(sender.heard.length, KiB);
  assert.ok(sender.isPaused);
  assert.is(reader.busySince(sender), 0, "the source is busy since 0");
  sender.resume();
  reader.take(sender, bytes(10, "b"));
  clock.advance(60_000);
  assert.is(sender.heard.length, KiB, "however long it is held");
  reader.release(sender);
  clock.advance(100);
  assert.is(sender.heard, `${"a".repeat(3 * KiB)}${"b".repeat(10)}`);
  assert.not(sender.isPaused);
  assert.equal(flooding, []);
  assert.is(clock.pending, 0);
});

test("a source that is held without waiting bytes flows again after its release", () => {
  const { clock, reader } = open(1);
  const sender = new Sender();
  reader.take(sender, bytes(10));
  reader.hold(sender);
  assert.ok(sender.isPaused);
  reader.release(sender);
  assert.not(sender.isPaused);
  reader.hold(sender);
  reader.forget(sender);
  sender.isPaused = false;
  reader.release(sender);
  reader.take(sender, bytes(10));
  assert.is(sender.heard.length, 20);
  clock.advance(100);
  assert.is(clock.pending, 0);
});

test("a destroyed source is not read", () => {
  const { clock, reader } = open(1);
  const sender = new Sender();
  reader.take(sender, bytes(64 * KiB));
  clock.advance(5);
  const { length } = sender.heard;
  sender.destroyed = true;
  clock.advance(1_000);
  assert.is(sender.heard.length, length);
  assert.is(reader.waiting, 0);
  assert.is(clock.pending, 0);
});

test("busySince stays the same while a source sends more than is read, until the source pauses", () => {
  const { clock, reader, each } = open(1);
  const sender = new Sender();
  const told = new Set<number | undefined>();
  each.read = (from) => told.add(reader.busySince(from));
  clock.advance(500);
  for (let ms = 0; ms < 300; ms++) {
    if (!sender.isPaused) reader.take(sender, bytes(3 * KiB));
    clock.advance(1);
  }
  assert.equal([...told], [500]);
  clock.advance(1_000);
  told.clear();
  reader.take(sender, bytes(10));
  assert.equal([...told], [undefined]);
});

test("a source that sends more than is read for 30 s without a pause is reported once and no longer read", () => {
  const { clock, reader, flooding } = open(1);
  const [steady, resting] = [new Sender(), new Sender()];
  for (let ms = 0; ms < 40_000; ms++) {
    if (!steady.isPaused) reader.take(steady, bytes(3 * KiB));
    if (ms % 20_000 < 19_000 && !resting.isPaused) reader.take(resting, bytes(3 * KiB));
    clock.advance(1);
  }
  assert.equal(flooding, [steady]);
  const { length } = steady.heard;
  clock.advance(1_000);
  assert.is(steady.heard.length, length);
});

test("time in which the process itself was blocked does not count as flooding", () => {
  const { clock, reader, flooding } = open(1, { inputBusyMsMax: 10_000 });
  const [sender, other] = [new Sender(), new Sender()];
  for (const one of [sender, other]) reader.take(one, bytes(64 * KiB));
  clock.settle();
  clock.advance(50);
  assert.ok(reader.waiting > 0, "bytes are still waiting");
  clock.hold(30_000);
  for (let round = 0; round < 500 && reader.waiting > 0; round++) clock.advance(10);
  assert.is(reader.waiting, 0);
  assert.equal(flooding, []);
  assert.equal([sender.heard.length, other.heard.length], [64 * KiB, 64 * KiB]);
});

test("a stopped reader leaves no timer", () => {
  const { clock, reader } = open(1);
  const [sender, ignored] = [new Sender(), new Sender()];
  reader.ignore(ignored);
  for (const one of [sender, ignored]) reader.take(one, bytes(64 * KiB));
  clock.settle();
  reader.stop();
  assert.is(clock.pending, 0);
});

test.run();
