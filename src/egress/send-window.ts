// How much of what was written to one socket is still on its way. Numbered WebSocket pings mark the stream: the pong to
// one acknowledges everything that was written before it. A peer that acknowledges late gets a smaller window.
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Socket } from "./socket.ts";

/** A congested socket has drained below this share of its window. Lower: fewer and longer pauses. */
const drainedShare = 0.5;

interface SentPing {
  id: number;
  /** Bytes written to the socket before this ping. */
  at: number;
  /** Bytes written since the previous ping. */
  bytes: number;
  /** Bytes outstanding when it was sent. */
  ahead: number;
  sentAt: number;
}

export class SendWindow {
  readonly #socket: Pick<Socket, "ping">;
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Limits;
  #writtenBytes = 0;
  #ackedBytes = 0;
  #pingedBytes = 0;
  #pings: SentPing[] = [];
  #nextPingId = 1;
  #bytesMax: number;
  #ackedAt = 0;

  constructor(socket: Pick<Socket, "ping">, clock: Pick<Clock, "now">, limits: Limits) {
    this.#socket = socket;
    this.#clock = clock;
    this.#limits = limits;
    this.#bytesMax = limits.outstandingBytesMax;
  }

  /** Bytes written and not acknowledged. */
  get outstandingBytes(): number {
    return this.#writtenBytes - this.#ackedBytes;
  }

  /** The window in bytes: above it the socket is congested. Sized to about one second of the peer's reading. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  get isOver(): boolean {
    return this.outstandingBytes > this.#bytesMax;
  }

  /** Enough is acknowledged that a congested socket may be written to again. */
  get isDrained(): boolean {
    return this.outstandingBytes < this.#bytesMax * drainedShare;
  }

  /** To be called before so many bytes are written. */
  beforeWrite(bytes: number): void {
    // Pings are never farther apart than one write, because the ack deadline allows ackTimeoutMs per pingEveryBytes.
    const unpinged = this.#writtenBytes - this.#pingedBytes;
    if (unpinged > 0 && unpinged + bytes > this.#limits.pingEveryBytes) this.#sendPing();
  }

  wrote(bytes: number): void {
    this.#writtenBytes += bytes;
    if (this.#writtenBytes - this.#pingedBytes >= this.#limits.pingEveryBytes) this.#sendPing();
  }

  /** Makes sure that the peer will acknowledge the last byte written. */
  pingLast(): void {
    if (this.#pingedBytes !== this.#writtenBytes) this.#sendPing();
  }

  /** Makes sure that another ack will come. */
  pingUnlessWaiting(): void {
    if (this.#pings.length === 0) this.#sendPing();
  }

  /** Handles a pong. @returns whether it answers one of our numbered pings. */
  ack(payload: string): boolean {
    if (!payload.startsWith("m")) return false;
    const index = this.#pings.findIndex((ping) => `m${ping.id}` === payload);
    const ping = this.#pings[index];
    if (!ping) return false;
    this.#pings.splice(0, index + 1);
    this.#ackedBytes = ping.at;
    this.#ackedAt = this.#clock.now();
    this.#adapt(ping);
    return true;
  }

  /** When the oldest ping must have been answered; undefined when none is under way. Monotonic, ms. */
  ackDueAt(): number | undefined {
    const [oldest] = this.#pings;
    if (!oldest) return undefined;
    const { ackTimeoutMs, pingEveryBytes } = this.#limits;
    // It counts from the last ack, so a slow peer that keeps reading stays open.
    return Math.max(oldest.sentAt, this.#ackedAt) + ackTimeoutMs * Math.max(1, oldest.bytes / pingEveryBytes);
  }

  /** Whether an ack is later than it should be. */
  isLate(now: number): boolean {
    const [oldest] = this.#pings;
    return oldest !== undefined && now - oldest.sentAt > this.#limits.ackTargetMs;
  }

  /** Nothing was read of the peer until now: its deadline begins anew. */
  restartDeadline(): void {
    this.#ackedAt = this.#clock.now();
  }

  /** No ack is waited for any more. */
  end(): void {
    this.#pings = [];
  }

  #sendPing(): void {
    const id = this.#nextPingId++;
    const bytes = this.#writtenBytes - this.#pingedBytes;
    const ahead = this.outstandingBytes;
    this.#pings.push({ id, at: this.#writtenBytes, bytes, ahead, sentAt: this.#clock.now() });
    this.#pingedBytes = this.#writtenBytes;
    this.#socket.ping(`m${id}`);
  }

  /** Replies wait behind outstanding bytes, so a slow link gets a smaller window: about one second's worth. */
  #adapt({ ahead, sentAt }: SentPing): void {
    const { pingEveryBytes, outstandingBytesMin, outstandingBytesMax, ackTargetMs } = this.#limits;
    // With few bytes ahead of it, a ping measures the peer's distance, not its reading speed.
    if (ahead < Math.min(pingEveryBytes, this.#bytesMax) / 2) return;
    const tookMs = this.#ackedAt - sentAt;
    const least = Math.min(outstandingBytesMin, outstandingBytesMax);
    if (tookMs > ackTargetMs) this.#bytesMax = Math.max(least, this.#bytesMax / 2);
    else if (tookMs < ackTargetMs / 2) this.#bytesMax = Math.min(outstandingBytesMax, this.#bytesMax * 2);
  }
}
