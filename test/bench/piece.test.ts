// Pieces must be found in any message, single or joined. A client of the resume storm must notice every missing and
// every repeated event.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { monotonicUs } from "./monotonic.ts";
import { firstHash, lastHash, makePiece, numberAfter, stampBefore } from "./piece.ts";
import { Tally } from "./storm-client.ts";

test("the number and the creation time of a piece can be read at any position in a message", () => {
  const before = monotonicUs();
  const bytes = Buffer.from(`{"delta":"${makePiece(41, 40)}${makePiece(42, 40)}"},"seq":9}`);
  const first = firstHash(bytes, 0, bytes.length);
  const last = lastHash(bytes, 0, bytes.length);
  assert.is(numberAfter(bytes, first), 41);
  assert.is(numberAfter(bytes, last), 42);
  const stamp = stampBefore(bytes, first);
  assert.ok(stamp >= Math.floor(before) && stamp <= monotonicUs());
});

test("no piece is found in a message without one", () => {
  const bytes = Buffer.from('{"type":"pong"}');
  assert.is(firstHash(bytes, 0, bytes.length), -1);
  assert.is(lastHash(bytes, 0, bytes.length), -1);
});

test("a piece has the requested length and needs no escaping in JSON", () => {
  assert.is(makePiece(1, 40).length, 40);
  assert.is(JSON.stringify(makePiece(1, 40)).length, 42);
});

const delta = (seq: number, fromSeq?: number): Buffer => {
  const from = fromSeq === undefined ? "" : `,"fromSeq":${fromSeq}`;
  return Buffer.from(`{"type":"chat.delta","event":{},"epoch":"e","seq":${seq}${from}}`);
};

test("events in order, single or joined, count neither as missed nor as repeated", () => {
  const tally = new Tally();
  for (const bytes of [delta(1), delta(4, 2), delta(5)]) tally.take(bytes, bytes.length);
  assert.equal({ ...tally }, { seq: 5, missed: 0, twice: 0 });
});

test("a gap is counted, and so are repeated events", () => {
  const tally = new Tally();
  for (const bytes of [delta(2), delta(1), delta(4, 2)]) tally.take(bytes, bytes.length);
  assert.equal({ ...tally }, { seq: 4, missed: 1, twice: 2 });
});

test.run();
