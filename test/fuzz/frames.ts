// Bytes that a WebSocket client can send but should not: frames of every kind with every fault (RFC 6455 5.2). Valid
// frames are mixed in, so that faults meet every state of the server's frame reader.
import type { Dice } from "../support/dice.ts";
import { messageText } from "./messages.ts";

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

interface Parts {
  opcode: number;
  fin: boolean;
  reserved: number;
  masked: boolean;
  payload: Buffer;
  /** Replaces the true length of the payload. */
  length?: bigint;
  /** The size of the length field: 7, 16 or 64 bits, even if the length needs another size. */
  lengthBits?: 7 | 16 | 64;
}

function frame({ opcode, fin, reserved, masked, payload, length, lengthBits }: Parts): Buffer {
  const said = length ?? BigInt(payload.length);
  const bits = lengthBits ?? (said < 126n ? 7 : said < 65_536n ? 16 : 64);
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const head = [first];
  const mask = masked ? 0x80 : 0;
  if (bits === 7) head.push(mask | Number(said & 0x7fn));
  else if (bits === 16) head.push(mask | 126, Number((said >> 8n) & 0xffn), Number(said & 0xffn));
  else {
    head.push(mask | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n) head.push(Number((said >> shift) & 0xffn));
  }
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  const key = Buffer.from([0x12, 0x9f, 0x03, 0xe1]);
  const hidden = Buffer.from(payload.map((byte, index) => byte ^ (key[index % 4] ?? 0)));
  return Buffer.concat([Buffer.from(head), key, hidden]);
}

const good = (opcode: number, payload: Buffer, fin = true): Buffer =>
  frame({ opcode, fin, reserved: 0, masked: true, payload });

const randomBytes = (dice: Dice, most: number): Buffer =>
  Buffer.from(Array.from({ length: dice.whole(0, most) }, () => dice.whole(0, 255)));

const closePayloads = [[], [3], [3, 232], [3, 237], [19, 136], [0, 1], [255, 255], [3, 232, 0xc3, 0x28]];

/** One frame, or a few that belong together, with their count. */
export function frames(dice: Dice): { bytes: Buffer; count: number } {
  const one = (bytes: Buffer): { bytes: Buffer; count: number } => ({ bytes, count: 1 });
  const text = Buffer.from(messageText(dice));
  switch (dice.whole(0, 15)) {
    case 0:
      return one(randomBytes(dice, 40));
    case 1:
      return one(frame({ ...anything(dice), masked: false }));
    case 2:
      return one(frame({ ...anything(dice), reserved: dice.whole(1, 7) }));
    case 3:
      return one(good(dice.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), randomBytes(dice, 20)));
    case 4:
      return one(good(dice.pick([opcodes.ping, opcodes.pong, opcodes.close]), randomBytes(dice, 300)));
    case 5:
      return one(frame({ ...anything(dice), fin: false, opcode: opcodes.ping }));
    case 6:
      return one(good(opcodes.close, Buffer.from(dice.pick(closePayloads))));
    case 7: {
      const length = dice.pick([0n, 125n, 126n, 65_535n, 65_536n, 1n << 24n, 1n << 31n, 1n << 53n, (1n << 64n) - 1n]);
      return one(frame({ ...anything(dice), length, lengthBits: dice.pick([7, 16, 64]) }));
    }
    case 8:
      return one(good(opcodes.text, randomBytes(dice, 60)));
    case 9:
      return one(good(opcodes.continuation, randomBytes(dice, 20)));
    case 10: {
      // A message in fragments, with control frames between them. Sometimes another message begins inside it.
      const parts = dice.whole(2, 6);
      const size = Math.ceil(text.length / parts);
      const bytes: Buffer[] = [];
      for (let at = 0; at < parts; at++) {
        const piece = text.subarray(at * size, (at + 1) * size);
        bytes.push(good(at === 0 ? opcodes.text : opcodes.continuation, piece, at === parts - 1));
        if (dice.chance(0.4)) bytes.push(good(opcodes.ping, randomBytes(dice, 8)));
        if (dice.chance(0.05)) bytes.push(good(opcodes.text, piece));
      }
      return { bytes: Buffer.concat(bytes), count: bytes.length };
    }
    case 11: {
      const bytes = Array.from({ length: dice.whole(10, 200) }, () => good(opcodes.ping, randomBytes(dice, 8)));
      return { bytes: Buffer.concat(bytes), count: bytes.length };
    }
    case 12: {
      const bytes = Array.from({ length: dice.whole(10, 200) }, (_, index) =>
        good(index === 0 ? opcodes.text : opcodes.continuation, Buffer.alloc(0), false),
      );
      return { bytes: Buffer.concat(bytes), count: bytes.length };
    }
    default:
      return one(good(dice.chance(0.9) ? opcodes.text : opcodes.binary, text));
  }
}

const anything = (dice: Dice): Parts => ({
  opcode: dice.pick(Object.values(opcodes)),
  fin: dice.chance(0.8),
  reserved: 0,
  masked: true,
  payload: randomBytes(dice, 60),
});
