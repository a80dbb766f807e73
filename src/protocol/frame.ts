// WebSocket frames as the server sends them: whole, unmasked, uncompressed (RFC 6455 5.2). Encoded once, written to any
// number of sockets.

const finText = 0x81;
const finPong = 0x8a;

/** The header of a text frame with a payload of so many bytes. */
export function writeFrameHeader(target: Buffer, offset: number, payloadBytes: number): number {
  target[offset] = finText;
  if (payloadBytes < 126) {
    target[offset + 1] = payloadBytes;
    return offset + 2;
  }
  if (payloadBytes < 65_536) {
    target[offset + 1] = 126;
    target.writeUInt16BE(payloadBytes, offset + 2);
    return offset + 4;
  }
  target[offset + 1] = 127;
  target.writeUInt32BE(0, offset + 2);
  target.writeUInt32BE(payloadBytes, offset + 6);
  return offset + 10;
}

export const frameHeaderBytes = (payloadBytes: number): number =>
  payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;

/** One text frame, to be written and forgotten. */
export const encodeFrame = (text: string): Buffer => encodeInto(Buffer.allocUnsafe, text);

/**
 * One text frame that is kept. It has memory of its own: a small buffer out of Node's pool would hold the 64 KiB that
 * it was cut from for as long as it lives (Buffer.poolSize, Node 24).
 */
export const encodeKept = (text: string): Buffer => encodeInto(Buffer.allocUnsafeSlow, text);

function encodeInto(allocate: (bytes: number) => Buffer, text: string): Buffer {
  const payloadBytes = Buffer.byteLength(text);
  const frame = allocate(frameHeaderBytes(payloadBytes) + payloadBytes);
  frame.write(text, writeFrameHeader(frame, 0, payloadBytes));
  return frame;
}

/** Text that is kept, likewise. */
export function keptBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** Pongs for pings with these payloads (latin1), one frame after the other; none may have more than 125 bytes. */
export const encodePongs = (payloads: readonly string[]): Buffer =>
  Buffer.from(payloads.map((payload) => String.fromCharCode(finPong, payload.length) + payload).join(""), "latin1");

/** One message as a frame. */
export const encodeMessage = (message: object): Buffer => encodeFrame(JSON.stringify(message));
