// A frame is one complete WebSocket text frame of any size, and reads back as it was written.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  encodeFrame,
  encodeMessage,
  encodePongs,
  frameHeaderBytes,
  writeFrameHeader,
} from "../../src/protocol/frame.ts";
import { messagesIn, textsIn } from "../support/socket.ts";

const test = suite("frames");

test("a frame of every length class reads back as what was written", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000]) {
    const text = "x".repeat(length);
    const frame = encodeFrame(text);
    assert.is(frame.length, frameHeaderBytes(length) + length);
    assert.equal(textsIn(frame), [text]);
  }
});

test("the header has the minimum length (RFC 6455 5.2)", () => {
  assert.equal([125, 126, 65_535, 65_536].map(frameHeaderBytes), [2, 4, 4, 10]);
});

test("lengths beyond 65,535 take eight bytes", () => {
  const header = Buffer.alloc(10, 0xff);
  assert.is(writeFrameHeader(header, 0, 0x12345678), 10);
  assert.is(header.toString("hex"), "817f0000000012345678");
});

test("a header is written at the given offset", () => {
  const target = Buffer.alloc(8);
  assert.is(writeFrameHeader(target, 3, 5), 5);
  assert.is(target.toString("hex"), "0000008105000000");
});

test("pongs have the bytes of their pings, one frame after the other (RFC 6455 5.5.3)", () => {
  const payloads = [Buffer.alloc(0), Buffer.from([0, 0x7f, 0x80, 0xff]), Buffer.alloc(125, 0xe9)];
  const pongs = encodePongs(payloads.map((payload) => payload.toString("latin1")));
  const expected = payloads.flatMap((payload) => [Buffer.of(0x8a, payload.length), payload]);
  assert.is(pongs.toString("hex"), Buffer.concat(expected).toString("hex"));
});

test("text is UTF-8, and its length is counted in bytes", () => {
  const text = "€😀ü".repeat(40);
  assert.is(encodeFrame(text).length, 4 + Buffer.byteLength(text));
  assert.equal(textsIn(encodeFrame(text)), [text]);
});

test("a message with a lone surrogate is valid UTF-8 and reads back unchanged", () => {
  const message = { type: "error", message: "a\ud83d" };
  assert.equal(messagesIn(encodeMessage(message)), [message]);
});

test("frames in one buffer are read one after the other", () => {
  const frames = Buffer.concat([encodeMessage({ type: "pong" }), encodeMessage({ type: "catalog", catalog: [] })]);
  assert.equal(messagesIn(frames), [{ type: "pong" }, { type: "catalog", catalog: [] }]);
});

test.run();
