// A socket in memory: keeps every frame it is given, holds back its acks until the test lets them go, and counts
// what is unsent as the test says. Decodes strictly, so that a frame cut in two cannot pass for a message.
import * as assert from "uvu/assert";
import type { Socket } from "../../src/egress/socket.ts";
import { decodeFrame, opcodes } from "./client/frames.ts";
import { isMessage, type Message } from "./client/transcript.ts";

/** The messages in a buffer of whole text frames, as the server sends them: final, unmasked, uncompressed. */
export function messagesIn(frames: Buffer): Message[] {
  return textsIn(frames).map((text) => {
    const message: unknown = JSON.parse(text);
    if (!isMessage(message)) throw new Error(`no message: ${text.slice(0, 200)}`);
    return message;
  });
}

/** The payloads of whole text frames. */
export function textsIn(frames: Buffer): string[] {
  const texts: string[] = [];
  let rest = frames;
  while (rest.length > 0) {
    const decoded = decodeFrame(rest);
    if (!decoded) throw new Error(`the buffer ends inside a frame: ${rest.length} bytes are left`);
    const { fin, reserved, opcode, masked, payload } = decoded.frame;
    assert.equal({ fin, reserved, opcode, masked }, { fin: true, reserved: 0, opcode: opcodes.text, masked: false });
    texts.push(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    rest = decoded.rest;
  }
  return texts;
}

export class MemorySocket implements Socket {
  /** One entry a write: the kernel call is what costs. */
  readonly writes: Buffer[] = [];
  /** Pings that wait for their pong, oldest first. */
  readonly owed: string[] = [];
  pings = 0;
  closed: { code: number; reason: string } | undefined;
  wasCut = false;
  unsent = 0;
  /** Called for each ping; what answers at once is a peer on the same machine. */
  onPing: ((payload: string) => void) | undefined;
  /** Called when our side has closed or cut. */
  onEnd: (() => void) | undefined;
  #readUntil = 0;
  #held: Buffer[] | undefined;

  write(frames: Buffer): void {
    if (this.closed || this.wasCut) throw new Error("something was written after the close frame");
    if (this.#held) this.#held.push(frames);
    else this.writes.push(frames);
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (held.length > 0) this.writes.push(Buffer.concat(held));
  }

  ping(payload: string): void {
    this.pings++;
    this.owed.push(payload);
    this.onPing?.(payload);
  }

  close(code: number, reason: string): void {
    // The close frame pushes what was held out before it.
    this.release();
    this.closed = { code, reason };
    this.onEnd?.();
  }

  cut(): void {
    this.wasCut = true;
    this.onEnd?.();
  }

  unsentBytes(): number {
    return this.unsent;
  }

  get writtenBytes(): number {
    return this.writes.reduce((sum, frames) => sum + frames.length, 0);
  }

  /** Everything it was sent, in order. */
  messages(): Message[] {
    return this.writes.flatMap(messagesIn);
  }

  /** What has come since the last time this was asked. */
  take(): Message[] {
    const fresh = this.writes.slice(this.#readUntil);
    this.#readUntil = this.writes.length;
    return fresh.flatMap(messagesIn);
  }

  /** The peer reads: its pongs for the oldest pings (all of them without a count) go to `ack`. */
  answer(ack: (payload: string) => void, count = this.owed.length): void {
    for (const payload of this.owed.splice(0, count)) ack(payload);
  }
}
