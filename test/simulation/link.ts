// An in-memory connection between the server and a simulated client. Two queues hold the data in transit. The scheduler
// moves it: in order, in pieces, late, or never.
import type { Socket, SocketListener } from "../../src/egress/socket.ts";

type Item =
  | { kind: "frames"; bytes: Buffer; read: number }
  | { kind: "ping"; payload: string }
  | { kind: "close"; code: number };

/** Bytes that the kernels on both ends hold before the process has to hold any. */
const kernelBytes = 8 * 1024;

export interface LinkEnd {
  /** Called with whole frames, once their last byte has been read. */
  heard(frames: Buffer): void;
  /** Called with the code of the server's close frame, or with undefined when the connection ends. */
  ended(code: number | undefined): void;
}

export class Link implements Socket {
  listener: SocketListener | undefined;
  isGone = false;
  readonly #end: LinkEnd;
  #down: Item[] = [];
  #up: (() => void)[] = [];
  #held: Buffer[] | undefined;
  #isClosing = false;

  constructor(end: LinkEnd) {
    this.#end = end;
  }

  // ── the server's side ───────────────────────────────────────────────────────────────────────────────────────────

  write(frames: Buffer): void {
    if (this.#isClosing) throw new Error("the server wrote after its close frame");
    if (this.#held) this.#held.push(frames);
    else this.#down.push({ kind: "frames", bytes: frames, read: 0 });
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (held.length > 0) this.#down.push({ kind: "frames", bytes: Buffer.concat(held), read: 0 });
  }

  ping(payload: string): void {
    if (!this.#isClosing) this.#down.push({ kind: "ping", payload });
  }

  close(code: number): void {
    if (this.#isClosing) return;
    this.release();
    this.#isClosing = true;
    this.#down.push({ kind: "close", code });
  }

  cut(): void {
    this.vanish();
  }

  unsentBytes(): number {
    return Math.max(0, this.bytesDown - kernelBytes);
  }

  // ── the scheduler's side ────────────────────────────────────────────────────────────────────────────────────────

  get bytesDown(): number {
    return this.#down.reduce((sum, item) => sum + (item.kind === "frames" ? item.bytes.length - item.read : 8), 0);
  }

  get hasDown(): boolean {
    return this.#down.length > 0;
  }

  get hasUp(): boolean {
    return this.#up.length > 0;
  }

  /** Sends a message of the client. It arrives when carryUp delivers it. */
  send(message: object): void {
    const bytes = Buffer.from(JSON.stringify(message));
    this.#up.push(() => this.listener?.message(bytes));
  }

  /** Delivers this many of the client's messages and pongs to the server. */
  carryUp(count: number): void {
    for (const arrive of this.#up.splice(0, count)) if (!this.isGone) arrive();
  }

  /** The client reads this many bytes, and the pings and the close frame between them. */
  carryDown(bytes: number): void {
    let left = bytes;
    while (left > 0 && !this.isGone) {
      const item = this.#down[0];
      if (!item) return;
      if (item.kind === "frames") {
        const taken = Math.min(left, item.bytes.length - item.read);
        item.read += taken;
        left -= taken;
        if (item.read < item.bytes.length) return;
        this.#down.shift();
        this.#end.heard(item.bytes);
      } else {
        this.#down.shift();
        if (item.kind === "ping") this.#up.push(() => this.listener?.pong(item.payload));
        else {
          this.#end.ended(item.code);
          this.vanish();
        }
      }
    }
  }

  /** Ends the connection and drops everything in transit. */
  vanish(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#down = [];
    this.#up = [];
    this.#held = undefined;
    this.#isClosing = true;
    this.listener?.closed();
    this.#end.ended(undefined);
  }
}
