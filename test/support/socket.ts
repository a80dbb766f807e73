// An in-memory socket. It keeps every frame written, withholds acknowledgements until the test releases them, and
// reports the unsent bytes that the test sets. Decodes strictly, so that a partial frame cannot pass as a message.
import * as assert from "uvu/assert";
import type { Socket } from "../../src/egress/socket.ts";
import { decodeFrame, opcodes } from "./client/frames.ts";
import { isMessage, type Message } from "./client/transcript.ts";

/** The messages in a buffer of whole text frames, as the server sends them: final, unmasked, uncompressed. */
export function messagesIn(frames: Buffer): Message[] {
  return textsIn(frames).map((text) => {
    const message: unknown = JSON.parse(text);
    if (!isMessage(message)) throw new Error(`not a message: ${text.slice(0, 200)}`);
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
  /** One entry per write, because each write stands for a system call. */
  readonly writes: Buffer[] = [];
  /** Payloads of unanswered pings, oldest first. */
  readonly owed: string[] = [];
  pings = 0;
  closed: { code: number; reason: string } | undefined;
  wasCut = false;
  unsent = 0;
  /** Called for each ping. Answering at once simulates a peer on the same machine. */
  onPing: ((payload: string) => void) | undefined;
  /** Called when the server has closed or cut the socket. */
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
    // Held writes leave before the close frame.
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

  /** All messages written to the socket, in order. */
  messages(): Message[] {
    return this.writes.flatMap(messagesIn);
  }

  /** The messages written since the last call. */
  take(): Message[] {
    const fresh = this.writes.slice(this.#readUntil);
    this.#readUntil = this.writes.length;
    return fresh.flatMap(messagesIn);
  }

  /** Simulates a peer that reads: calls `ack` for the oldest `count` pings, by default all. */
  answer(ack: (payload: string) => void, count = this.owed.length): void {
    for (const payload of this.owed.splice(0, count)) ack(payload);
  }
}
