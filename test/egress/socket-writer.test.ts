// The output of one socket, with a socket in memory and a simulated clock: pings and acks, congestion and its end, and
// each deadline of the sweep.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Corker } from "../../src/egress/cork.ts";
import { EgressCounters } from "../../src/egress/counters.ts";
import { SocketWriter } from "../../src/egress/socket-writer.ts";
import { limits } from "../../src/limits.ts";
import { closes } from "../../src/protocol/closes.ts";
import { SimulatedClock } from "../support/clock.ts";
import { seeded } from "../support/seed.ts";
import { MemorySocket } from "../support/socket.ts";

const test = suite("writer");
const check = seeded("writer");

const KiB = 1024;

function open() {
  const clock = new SimulatedClock();
  const socket = new MemorySocket();
  const signals: string[] = [];
  const owner = { tell: (signal: string) => void signals.push(signal.replace("socket.", "")) };
  const writer = new SocketWriter(socket, owner, {
    clock,
    limits,
    corker: new Corker(clock),
    counters: new EgressCounters(),
  });
  const ack = (payload: string): boolean => writer.ack(payload);
  return {
    clock,
    socket,
    signals,
    writer,
    write: (bytes: number): boolean => writer.deliver(Buffer.alloc(bytes), 1),
    answer: (count?: number): void => socket.answer(ack, count),
  };
}

test("a mark follows every 64 KiB, and not less", () => {
  const { socket, write } = open();
  write(63 * KiB);
  assert.is(socket.pings, 0);
  write(1 * KiB);
  assert.is(socket.pings, 1);
  write(63 * KiB);
  assert.is(socket.pings, 1);
  write(1 * KiB);
  assert.equal(socket.owed, ["m1", "m2"]);
});

test("a pong acknowledges all bytes written before its ping, and none after it", () => {
  const { writer, write, answer } = open();
  write(64 * KiB);
  write(10 * KiB);
  assert.is(writer.outstandingBytes(), 74 * KiB);
  answer();
  assert.is(writer.outstandingBytes(), 10 * KiB);
});

test("a pong acknowledges earlier marks too", () => {
  const { socket, writer, write } = open();
  write(64 * KiB);
  write(64 * KiB);
  writer.ack("m2");
  assert.is(writer.outstandingBytes(), 0);
  writer.ack("m1");
  assert.is(writer.outstandingBytes(), 0, "a late answer changes nothing");
  assert.is(socket.pings, 2);
});

test("a pong without a ping of the server is a sign of life and no ack", () => {
  const { writer, write } = open();
  write(100 * KiB);
  for (const payload of ["", "m", "m0", "m2", "m1 ", "mm1", "M1", "m01", "x"]) writer.ack(payload);
  assert.is(writer.outstandingBytes(), 100 * KiB);
});

test("above 256 KiB outstanding the socket is congested: a mark follows, and no more turn events are written", () => {
  const { socket, signals, writer, write } = open();
  for (let count = 0; count < 4; count++) assert.ok(write(64 * KiB));
  assert.equal(signals, []);
  assert.ok(write(1));
  assert.equal(signals, ["congested"]);
  assert.is(writer.congested, true);
  assert.equal(socket.owed, ["m1", "m2", "m3", "m4", "m5"]);
  const writes = socket.writes.length;
  assert.is(write(1), false);
  assert.is(socket.writes.length, writes);
  assert.equal(signals, ["congested"]);
});

test("a congested socket still gets replies and broadcasts at once", () => {
  const { socket, writer, write } = open();
  write(300 * KiB);
  writer.control(Buffer.from("reply"));
  assert.is(socket.writes.at(-1)?.toString(), "reply");
});

test("the socket has drained below 128 KiB outstanding, and not before", () => {
  const { signals, writer, write, answer } = open();
  for (let count = 0; count < 4; count++) write(64 * KiB);
  write(1);
  answer(2);
  assert.is(writer.outstandingBytes(), 128 * KiB + 1);
  assert.equal(signals, ["congested"]);
  answer(1);
  assert.equal(signals, ["congested", "drained"]);
  assert.is(writer.congested, false);
  assert.ok(write(1));
});

test("at exactly 128 KiB outstanding the socket has not drained", () => {
  const { signals, writer, write, answer } = open();
  for (let count = 0; count < 5; count++) write(64 * KiB);
  answer(3);
  assert.is(writer.outstandingBytes(), 128 * KiB);
  assert.equal(signals, ["congested"]);
});

test("a peer that answers every mark does not stay congested, however large the writes", () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 * KiB }), fc.boolean(), fc.nat(3)), { maxLength: 60 });
  const property = fc.property(sizes, (writes) => {
    const { signals, writer, write, answer } = open();
    for (const [bytes, isControl, answers] of writes) {
      if (isControl) writer.control(Buffer.alloc(bytes));
      else write(bytes);
      answer(answers);
      assert.is(writer.congested, signals.at(-1) === "congested", "the field agrees with the last signal");
    }
    answer();
    assert.is(writer.congested, false);
    assert.ok(writer.outstandingBytes() < limits.pingEveryBytes);
    const [congested, drained] = ["congested", "drained"].map(
      (signal) => signals.filter((one) => one === signal).length,
    );
    assert.is(congested, drained);
  });
  check(property, 300);
});

test("a mark unanswered for ten seconds makes the socket stuck, even if it is not congested", () => {
  const { clock, writer, write, answer } = open();
  write(64 * KiB);
  clock.advance(limits.ackTimeoutMs - 1);
  assert.is(writer.due(clock.now()), undefined);
  clock.advance(1);
  assert.is(writer.due(clock.now()), "stuck");
  answer();
  assert.is(writer.due(clock.now()), undefined);
});

test("the oldest mark counts: answering the first of two gives the second its own ten seconds", () => {
  const { clock, writer, write, answer } = open();
  write(64 * KiB);
  clock.advance(6_000);
  write(64 * KiB);
  answer(1);
  clock.advance(9_999);
  assert.is(writer.due(clock.now()), undefined);
  clock.advance(1);
  assert.is(writer.due(clock.now()), "stuck");
});

test("each of several marks that were sent at once has ten seconds from the ack of the one before", () => {
  const { clock, writer, write, answer } = open();
  for (let count = 0; count < 4; count++) write(64 * KiB);
  for (let count = 0; count < 4; count++) {
    clock.advance(9_000);
    assert.is(writer.due(clock.now()), undefined, `mark ${count + 1} of a peer that reads 7 kB/s`);
    answer(1);
  }
  assert.is(writer.outstandingBytes(), 0);
});

test("a mark behind more than 64 KiB may take proportionally longer", () => {
  const { clock, writer, write } = open();
  write(160 * KiB);
  clock.advance(2.5 * limits.ackTimeoutMs - 1);
  assert.is(writer.due(clock.now()), undefined);
  clock.advance(1);
  assert.is(writer.due(clock.now()), "stuck");
});

test("late acks halve the window, down to 64 KiB, and prompt ones double it again", () => {
  const { clock, writer, write, answer } = open();
  const bounds = [1_500, 1_001, 1_500, 700, 500, 499, 10, 10].map((tookMs) => {
    write(64 * KiB);
    clock.advance(tookMs);
    answer();
    return writer.outstandingBytesMax / KiB;
  });
  assert.equal(bounds, [128, 64, 64, 64, 64, 128, 256, 256]);
});

test("an ack for few bytes does not enlarge the window, because it shows the latency and not the reading speed", () => {
  const { clock, writer, write, answer } = open();
  write(257 * KiB);
  clock.advance(1_500);
  answer();
  assert.is(writer.outstandingBytesMax, 128 * KiB);
  // The mark before the second write covers 10 KiB and is answered promptly.
  write(10 * KiB);
  write(60 * KiB);
  clock.advance(5);
  answer(1);
  assert.is(writer.outstandingBytesMax, 128 * KiB);
});

test("with a small window the socket drains too, however few bytes are unmarked", () => {
  const { clock, signals, writer, write, answer } = open();
  for (let count = 0; count < 3; count++) {
    write(64 * KiB);
    clock.advance(1_500);
    answer();
  }
  write(65 * KiB);
  assert.is(writer.congested, true);
  writer.control(Buffer.alloc(40 * KiB));
  clock.advance(1_500);
  answer();
  assert.is(writer.congested, true, "40 KiB are outstanding");
  answer();
  assert.equal(signals, ["congested", "drained"]);
});

test("a slow reader that answers each mark within ten seconds is never stuck", () => {
  const { clock, writer, write, answer } = open();
  for (let minute = 0; minute < 60; minute++) {
    write(64 * KiB);
    clock.advance(9_000);
    assert.is(writer.due(clock.now()), undefined);
    answer();
  }
});

test("more than 4 MiB unsent makes the socket stuck once, and no further turn events are written", () => {
  const { socket, signals, writer, write } = open();
  socket.unsent = limits.unsentBytesMax;
  assert.ok(write(10));
  assert.is(writer.unsentBytes(), limits.unsentBytesMax);
  assert.equal(signals, []);
  socket.unsent++;
  write(10);
  writer.control(Buffer.alloc(10));
  assert.equal(signals, ["stuck"]);
  assert.is(write(10), false);
});

test("a socket silent for 25 s is pinged once, and one silent for 35 s is due to be closed", () => {
  const { clock, socket, writer } = open();
  clock.advance(limits.silentPingMs - 1);
  writer.due(clock.now());
  assert.is(socket.pings, 0);
  for (let at = limits.silentPingMs; at < limits.silentCloseMs; at += 1_000) {
    clock.advance(at - clock.now());
    assert.is(writer.due(clock.now()), undefined);
    assert.equal(socket.owed, [""]);
  }
  clock.advance(limits.silentCloseMs - clock.now());
  assert.is(writer.due(clock.now()), "silent");
});

test("any sign of life restarts the time of silence: a message, a pong, an answer to a mark", () => {
  for (const sign of ["heard", "pong", "mark"] as const) {
    const { clock, socket, writer, write, answer } = open();
    clock.advance(20_000);
    if (sign === "heard") writer.heard();
    else if (sign === "pong") writer.ack("");
    else {
      write(64 * KiB);
      answer();
    }
    const before = socket.pings;
    clock.advance(limits.silentPingMs - 1);
    assert.is(writer.due(clock.now()), undefined);
    assert.is(socket.pings, before, sign);
    clock.advance(1);
    writer.due(clock.now());
    assert.is(socket.pings, before + 1, sign);
  }
});

test("a quiet peer that answers pings stays connected, with one ping in 25 s", () => {
  const { clock, socket, writer, answer } = open();
  for (let second = 0; second < 3_600; second++) {
    clock.advance(1_000);
    assert.is(writer.due(clock.now()), undefined);
    answer();
  }
  assert.is(socket.pings, 144);
});

test("after the server's close frame nothing is written, pinged or closed again", () => {
  const { clock, socket, signals, writer, write, answer } = open();
  write(64 * KiB);
  writer.close(closes.slow);
  assert.equal(socket.closed, { code: 4001, reason: "reading too slowly" });
  assert.is(writer.closeCode, 4001);
  const { pings } = socket;
  writer.close(closes.silent);
  writer.control(Buffer.from("late"));
  assert.is(write(1), false);
  answer();
  clock.advance(limits.closingMs - 1);
  assert.is(writer.due(clock.now()), undefined, "an unanswered mark no longer counts");
  assert.is(socket.writes.length, 1);
  assert.is(socket.pings, pings);
  assert.is(socket.closed?.code, 4001);
  assert.equal(signals, []);
});

test("a peer that does not answer the close frame in five seconds is overdue and is cut off", () => {
  const { clock, socket, writer } = open();
  writer.close(closes.restart);
  clock.advance(limits.closingMs);
  assert.is(writer.due(clock.now()), "overdue");
  writer.cut();
  assert.is(socket.wasCut, true);
});

test("after a cut nothing is written", () => {
  const { socket, writer, write } = open();
  writer.cut();
  writer.control(Buffer.from("late"));
  assert.is(write(1), false);
  assert.is(socket.writes.length, 0);
});

test("a congested socket that ends does not signal that it has drained", () => {
  const { signals, writer, write, answer } = open();
  write(300 * KiB);
  writer.end();
  writer.end();
  answer();
  assert.equal(signals, ["congested"]);
  assert.is(writer.closeCode, undefined);
});

test("each close has a reason that fits into its frame, and a code that says whether to reconnect", () => {
  for (const [name, { code, reason, comeBack }] of Object.entries(closes)) {
    assert.ok(Buffer.byteLength(reason) <= 123, name);
    if (code >= 4_000) assert.is(comeBack, code < 4_500, name);
  }
  const codes = Object.values(closes).map(({ code }) => code);
  assert.is(new Set(codes).size, codes.length);
});

test.run();
