// What comes in, a fair share at a time: who sends little is heard at once, who sends much waits in small slices, and
// each byte is read once, in its order.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Limits, limits } from "../../src/limits.ts";
import { FairReader } from "../../src/transport/fair-reader.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("reader");

const KiB = 1024;
/** What the numbers in these tests go by. */
const usual = { inputMsPerLoopTurn: 1, inputCooldown: 3 };

class Sender {
  destroyed = false;
  isPaused = false;
  heard = "";
  /** The slices that it was read in. */
  slices: number[] = [];

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** @param msPerKiB what reading costs. */
function open(msPerKiB = 0, bounds: Partial<Limits> = {}) {
  const clock = new SimulatedClock();
  /** Whose slices were read, in their order. */
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

test("who sends little is heard at once, and never paused", () => {
  const { clock, reader } = open();
  const sender = new Sender();
  for (let count = 0; count < 50; count++) reader.take(sender, Buffer.from(`${count},`));
  assert.is(sender.heard.split(",").length, 51);
  assert.not(sender.isPaused);
  clock.advance(100);
  assert.is(clock.pending, 0, "and no timer is left");
});

test("who sends much is paused, and read in slices in its order until it is through", () => {
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

test("what takes long is given in smaller slices, what does not in larger ones", () => {
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

test("beside fifty who send at full speed, one who sends little waits for no more than a turn of the loop", () => {
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
    assert.ok(order.length - before <= 2, `${order.length - before} were read meanwhile`);
  }
  const read = senders.map(({ heard }) => heard.length);
  assert.ok(Math.min(...read) > 0, "each of them has its turn");
  assert.ok(Math.max(...read) - Math.min(...read) <= 2 * KiB, `${Math.min(...read)} to ${Math.max(...read)}`);
});

test("many who send much have a quarter of the time between them, and one alone has all of it", () => {
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

test("while nobody has sent more than a flood begins with, those who send much wait for nothing but each other", () => {
  const { clock, reader } = open(0.1);
  const senders = Array.from({ length: 20 }, () => new Sender());
  for (const sender of senders) reader.take(sender, bytes(limits.inputFloodBytes));
  clock.settle();
  assert.ok(senders.every(({ heard }) => heard.length === limits.inputFloodBytes));
  assert.ok(clock.now() < 20 * 4 * 0.1 + 1, `${clock.now()} ms for what takes 8`);
});

test("beside others one who sends much is read in small slices until it has shown that they are cheap", () => {
  const { clock, reader } = open(0.001);
  const [first, second] = [new Sender(), new Sender()];
  for (const sender of [first, second]) reader.take(sender, bytes(4 * KiB));
  clock.settle();
  assert.equal(first.slices, [1024, 2048, 1024]);
  assert.equal(second.slices, [128, 256, 512, 1024, 2048, 128]);
});

test("the second turn begun by one who sends much, and all after it, count as if they took long to read", () => {
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
  assert.ok(turnsBegun(0) > 500, `${turnsBegun(0)} that cost nothing`);
  // Three rests of 10 ms after each, when all five of them have begun a second.
  const rested = 1_000 / 30;
  const charged = turnsBegun(10);
  assert.ok(charged > rested && charged < rested + 10, `${charged} that cost 10 ms`);
});

test("one text that begins a turn is not charged for it, nor is what comes from who sends little", () => {
  const { clock, reader, each } = open(0.01);
  each.read = (from) => reader.began(from, 1_000);
  const senders = Array.from({ length: 50 }, () => new Sender());
  for (const [index, sender] of senders.entries()) reader.take(sender, bytes(index < 25 ? 10 : 128));
  clock.settle();
  assert.ok(senders.every(({ heard }) => heard !== ""));
  assert.ok(clock.now() < 2, `${clock.now()} ms`);
});

test("when many who send little come in one turn of the loop, those for whom there is no time are next", () => {
  const { clock, reader } = open(100);
  const senders = Array.from({ length: 30 }, () => new Sender());
  for (const sender of senders) reader.take(sender, bytes(3));
  const heard = (): number => senders.filter((sender) => sender.heard !== "").length;
  assert.is(heard(), 4, "as long as there was time");
  clock.turn();
  assert.is(heard(), 8);
  clock.settle();
  assert.is(heard(), 30);
  assert.ok(senders.every(({ isPaused }) => !isPaused));
});

test("who has been read from much lately does not count as one who sends little", () => {
  const { clock, reader } = open(1);
  const sender = new Sender();
  reader.take(sender, bytes(2 * KiB));
  for (let ms = 0; sender.isPaused && ms < 100; ms++) clock.advance(1);
  assert.is(sender.heard.length, 2 * KiB);
  reader.take(sender, bytes(10));
  assert.is(sender.heard.length, 2 * KiB, "it waits");
  clock.advance(50);
  assert.is(sender.heard.length, 2 * KiB + 10);
  reader.take(sender, bytes(10));
  assert.is(sender.heard.length, 2 * KiB + 20, "after a while it does again");
});

test("what comes from one that somebody has let flow while it waits is read after what it sent before", () => {
  const { clock, reader } = open(1);
  const sender = new Sender();
  reader.take(sender, bytes(2 * KiB, "a"));
  sender.resume();
  reader.take(sender, bytes(5, "b"));
  assert.ok(sender.isPaused);
  clock.advance(100);
  assert.is(sender.heard, `${"a".repeat(2 * KiB)}bbbbb`);
});

test("nothing more is read from who is ignored: its next chunk is taken and forgotten, and none after it", () => {
  const { clock, reader, each } = open(1);
  const sender = new Sender();
  each.read = (from) => reader.ignore(from);
  reader.take(sender, bytes(64 * KiB));
  clock.advance(1_000);
  assert.is(sender.heard.length, KiB, "what it was ignored for was its last");
  assert.is(reader.waiting, 0);
  sender.resume();
  reader.take(sender, bytes(64 * KiB));
  assert.ok(sender.isPaused);
  assert.is(sender.heard.length, KiB);
  assert.is(clock.pending, 0);
});

test("of who is held nothing is read, and then all of it in its order; that is not its own fault", () => {
  const { clock, reader, each, flooding } = open(1);
  const sender = new Sender();
  each.read = (from) => {
    if (from.heard.length === KiB) reader.hold(from);
  };
  reader.take(sender, bytes(3 * KiB, "a"));
  clock.advance(100);
  assert.is(sender.heard.length, KiB);
  assert.ok(sender.isPaused);
  assert.is(reader.busySince(sender), 0, "but time does not count for it");
  sender.resume();
  reader.take(sender, bytes(10, "b"));
  clock.advance(60_000);
  assert.is(sender.heard.length, KiB, "for however long");
  reader.release(sender);
  clock.advance(100);
  assert.is(sender.heard, `${"a".repeat(3 * KiB)}${"b".repeat(10)}`);
  assert.not(sender.isPaused);
  assert.equal(flooding, []);
  assert.is(clock.pending, 0);
});

test("one who was held while nothing of it waited flows again when it is let go", () => {
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

test("who has gone is read no more", () => {
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

test("since when a source sends more than is read is told without a gap, until it pauses", () => {
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

test("who sends more than is read for half a minute without a pause is told of once, and read no more", () => {
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

test("time in which the process itself stood still is no sender's fault", () => {
  const { clock, reader, flooding } = open(1, { inputBusyMsMax: 10_000 });
  const [sender, other] = [new Sender(), new Sender()];
  for (const one of [sender, other]) reader.take(one, bytes(64 * KiB));
  clock.settle();
  clock.advance(50);
  assert.ok(reader.waiting > 0, "they are not through");
  clock.hold(30_000);
  for (let round = 0; round < 500 && reader.waiting > 0; round++) clock.advance(10);
  assert.is(reader.waiting, 0);
  assert.equal(flooding, []);
  assert.equal([sender.heard.length, other.heard.length], [64 * KiB, 64 * KiB]);
});

test("when it is stopped no timer is left", () => {
  const { clock, reader } = open(1);
  const [sender, ignored] = [new Sender(), new Sender()];
  reader.ignore(ignored);
  for (const one of [sender, ignored]) reader.take(one, bytes(64 * KiB));
  clock.settle();
  reader.stop();
  assert.is(clock.pending, 0);
});

test.run();
