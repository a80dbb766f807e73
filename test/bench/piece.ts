// A piece is the text that the bench sends through a server. Its peers find it in any message without parsing. It
// begins with its creation time (µs) and its number: `@` 16 digits `#` 8 digits `@`.
import { monotonicUs } from "./monotonic.ts";

const stampDigits = 16;
const numberDigits = 8;

export function makePiece(number: number, characters: number): string {
  const stamp = String(Math.floor(monotonicUs())).padStart(stampDigits, "0");
  return `@${stamp}#${String(number).padStart(numberDigits, "0")}@`.padEnd(characters, "x");
}

/** The character `#`, which precedes the number of a piece. */
export const hash = 0x23;

/** The index of the first piece's `#`, or -1. In a message that joins several pieces, this is the oldest one. */
export function firstHash(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === hash) return at;
  return -1;
}

export function lastHash(bytes: Buffer, start: number, end: number): number {
  for (let at = end - 1; at >= start; at--) if (bytes[at] === hash) return at;
  return -1;
}

/** Creation time of the piece, in µs of monotonicUs. */
export const stampBefore = (bytes: Buffer, hashAt: number): number => digits(bytes, hashAt - stampDigits, stampDigits);

export const numberAfter = (bytes: Buffer, hashAt: number): number => digits(bytes, hashAt + 1, numberDigits);

function digits(bytes: Buffer, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) value = value * 10 + ((bytes[at] ?? 0) - 0x30);
  return value;
}
