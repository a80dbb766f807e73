// Encodes and decodes WebSocket frames (RFC 6455 5.2), so that a test can send frames that no library sends and count
// the frames received. Enforces no rules: it encodes whatever the test asks for.
import { randomBytes } from "node:crypto";

export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

export interface FrameToSend {
  opcode: number;
  payload?: string | Uint8Array;
  /** Default true. */
  fin?: boolean;
  /** A client must mask (RFC 6455 5.3); false breaks that rule. Default true. */
  masked?: boolean;
  /** Reserved bits, 0–7. Default 0. */
  reserved?: number;
  /** The length to declare instead of the payload's own. */
  claimedLength?: number;
}

export function encodeFrame(frame: FrameToSend): Buffer {
  const { opcode, fin = true, masked = true, reserved = 0 } = frame;
  const payload = Buffer.from(frame.payload ?? "");
  const length = frame.claimedLength ?? payload.length;
  const head = [(fin ? 0x80 : 0) | ((reserved & 0x7) << 4) | (opcode & 0xf)];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) {
    head.push(maskBit | length);
  } else if (length < 65_536) {
    head.push(maskBit | 126, length >> 8, length & 0xff);
  } else {
    const long = Buffer.alloc(8);
    long.writeBigUInt64BE(BigInt(length));
    head.push(maskBit | 127, ...long);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  const mask = randomBytes(4);
  const body = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
  return Buffer.concat([Buffer.from(head), mask, body]);
}

/** A close frame's payload: the code, then the reason. */
export function closePayload(code: number, reason = ""): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

export interface Frame {
  fin: boolean;
  reserved: number;
  opcode: number;
  masked: boolean;
  payload: Buffer;
}

/** The code and reason of a close frame; 1005 when it has none. */
export function closeOf(frame: Frame): { code: number; reason: string } {
  if (frame.payload.length < 2) return { code: 1005, reason: "" };
  return { code: frame.payload.readUInt16BE(0), reason: frame.payload.subarray(2).toString() };
}

/** Splits the first whole frame off the bytes; undefined while it is incomplete. */
export function decodeFrame(bytes: Buffer): { frame: Frame; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const masked = (second & 0x80) !== 0;
  let length = second & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const mask = masked ? bytes.subarray(at, at + 4) : undefined;
  if (masked) at += 4;
  if (bytes.length < at + length) return undefined;
  const raw = bytes.subarray(at, at + length);
  const payload = mask === undefined ? raw : Buffer.from(raw.map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  const frame = { fin: (first & 0x80) !== 0, reserved: (first >> 4) & 0x7, opcode: first & 0xf, masked, payload };
  return { frame, rest: bytes.subarray(at + length) };
}
