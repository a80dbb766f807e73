// Encodes the WebSocket frames that the server sends: unfragmented, unmasked and uncompressed (RFC 6455 5.2). A frame
// is encoded once and written to any number of sockets.

const finText = 0x81;
const finPong = 0x8a;

/** Writes the header of a text frame with a payload of this size; returns the offset after it. */
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

/** One text frame that is not kept after it has been written. */
export const encodeFrame = (text: string): Buffer => encodeInto(Buffer.allocUnsafe, text);

/**
 * One text frame that is kept. It gets its own memory, because a small buffer from Node's pool would keep the whole
 * 64 KiB pool alive (Buffer.poolSize, Node 24).
 */
export const encodeKept = (text: string): Buffer => encodeInto(Buffer.allocUnsafeSlow, text);

function encodeInto(allocate: (bytes: number) => Buffer, text: string): Buffer {
  const payloadBytes = Buffer.byteLength(text);
  const frame = allocate(frameHeaderBytes(payloadBytes) + payloadBytes);
  frame.write(text, writeFrameHeader(frame, 0, payloadBytes));
  return frame;
}

/** The text's UTF-8 bytes, to be kept, also in their own memory. */
export function keptBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** Pong frames for these ping payloads (latin1), concatenated. A payload may have at most 125 bytes. */
export const encodePongs = (payloads: readonly string[]): Buffer =>
  Buffer.from(payloads.map((payload) => String.fromCharCode(finPong, payload.length) + payload).join(""), "latin1");

/** One message as a frame. */
export const encodeMessage = (message: object): Buffer => encodeFrame(JSON.stringify(message));
