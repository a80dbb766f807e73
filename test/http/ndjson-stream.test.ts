// The body of a streamed response: joined, bounded, and released once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createNdjsonStream } from "../../src/http/ndjson-stream.ts";
import { SimulatedClock } from "../support/clock.ts";
import { within } from "../support/deadline.ts";

const test = suite("http line stream");

function open(unsentBytesMax = 100, sliceBytes = 10) {
  const happened: string[] = [];
  const clock = new SimulatedClock();
  const stream = createNdjsonStream({
    unsentBytesMax,
    sliceBytes,
    stallMs: 1000,
    clock,
    onEnd: () => happened.push("end"),
    onTooSlow: () => happened.push("too slow"),
  });
  const reader = stream.body.getReader();
  const read = async () => {
    const { done, value } = await within(reader.read(), "a part");
    return done ? "(end)" : Buffer.from(value).toString();
  };
  return { stream, reader, read, happened, clock };
}

test("waiting lines are joined up to the slice size, and a longer line is sent alone", async () => {
  const { stream, read, happened } = open();
  for (const line of ["1234", "5678", "90", "a line longer than the slice", "b"]) stream.write(line);
  stream.end();
  assert.is(await read(), "1234\n5678\n");
  assert.is(await read(), "90\n");
  assert.is(await read(), "a line longer than the slice\n");
  assert.is(await read(), "b\n");
  assert.is(await read(), "(end)");
  assert.equal(happened, ["end"]);
});

test("a waiting reader gets the next line at once, and the end", async () => {
  const { stream, read } = open();
  const first = read();
  stream.write("x");
  assert.is(await first, "x\n");
  const end = read();
  stream.end();
  assert.is(await end, "(end)");
});

test("waiting bytes and the bytes taken last count towards the limit", async () => {
  const { stream, read, happened } = open(100, 60);
  stream.write("x".repeat(59));
  await read();
  stream.write("x".repeat(39));
  assert.equal(happened, []);
  stream.write("");
  assert.equal(happened, ["end", "too slow"]);
});

test("taken bytes no longer count when the reader asks for more", async () => {
  const { stream, read, happened } = open(100, 100);
  stream.write("x".repeat(98));
  await read();
  const next = read();
  await Promise.resolve();
  stream.write("y".repeat(98));
  assert.is((await next).length, 99);
  assert.equal(happened, []);
});

test("a reader that takes one piece and then stops is cut off in time, even after the end", async () => {
  for (const isEnded of [false, true]) {
    const { stream, read, happened, clock } = open();
    for (const line of ["first line", "second line"]) stream.write(line);
    if (isEnded) stream.end();
    await read();
    clock.advance(999);
    assert.equal(happened, []);
    clock.advance(1);
    assert.equal(happened, ["end", "too slow"]);
    assert.is(clock.pending, 0);
  }
});

test("a reader that waits for a silent sender is never cut off", async () => {
  const { stream, read, happened, clock } = open();
  stream.write("x");
  await read();
  const next = read();
  await Promise.resolve();
  clock.advance(1_000_000);
  stream.write("y");
  assert.is(await next, "y\n");
  stream.end();
  assert.is(await read(), "(end)");
  assert.equal(happened, ["end"]);
  assert.is(clock.pending, 0);
});

test("bytes are counted, not characters", () => {
  const { stream, happened } = open(100);
  stream.write("é".repeat(50));
  assert.equal(happened, ["end", "too slow"]);
});

test("a reader that cancels ends the stream once, and later writes are dropped", async () => {
  const { stream, reader, happened } = open();
  const waiting = reader.read();
  await reader.cancel();
  assert.is((await waiting).done, true);
  stream.write("x");
  stream.write("x".repeat(1000));
  stream.end();
  assert.equal(happened, ["end"]);
});

test("ending twice, and writing after the end, change nothing", async () => {
  const { stream, read, happened } = open();
  stream.end();
  stream.end();
  stream.write("late");
  assert.is(await read(), "(end)");
  assert.equal(happened, ["end"]);
});

test.run();
