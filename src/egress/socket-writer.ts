// Writes all bytes to one socket and tracks how many of them are not acknowledged yet. Must never queue anything for a
// slow socket: deliver() refuses instead, and its caller tries again after the socket has drained.

import type { Limits } from "../limits.ts";
import type { Close } from "../protocol/closes.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Corker } from "./cork.ts";
import type { EgressCounters } from "./counters.ts";
import type { Socket } from "./socket.ts";

/** Signals of a writer. Called inside write loops, so the owner must only post an event and return. */
export interface SocketWriterOwner {
  congested(): void;
  drained(): void;
  stuck(): void;
}

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

/** What all writers of a gateway share. */
export interface SocketWriterContext {
  clock: Clock;
  limits: Limits;
  corker: Corker;
  counters: EgressCounters;
}

export class SocketWriter {
  readonly #socket: Socket;
  readonly #owner: SocketWriterOwner;
  readonly #context: SocketWriterContext;
  /** Whether writes of one loop turn are joined: true while the socket watches more than one conversation. */
  joins = false;
  #held = false;
  /** No turn event may be written now. A plain field, because the fan-out reads it for each socket. */
  congested = false;
  /** Our close frame was sent or the peer has gone: nothing may be written any more. */
  ended = false;
  /** The code of our close frame; undefined while none was sent, or when the peer closed first. */
  closeCode: number | undefined;
  #stuck = false;
  /** Reading from the peer is paused. */
  #isUnread = false;
  #writtenBytes = 0;
  #ackedBytes = 0;
  #pingedBytes = 0;
  #pings: SentPing[] = [];
  #nextPingId = 1;
  /** The send window in bytes: above it the socket is congested. Sized to about one second of the peer's reading. */
  #window: number;
  #ackedAt = 0;
  #heardAt: number;
  #pingedAt: number;
  #endedAt = 0;

  constructor(socket: Socket, owner: SocketWriterOwner, context: SocketWriterContext) {
    this.#socket = socket;
    this.#owner = owner;
    this.#context = context;
    this.#window = context.limits.outstandingBytesMax;
    this.#heardAt = context.clock.now();
    this.#pingedAt = this.#heardAt;
  }

  /** Writes a reply, refusal, surface or broadcast immediately, even to a congested socket. */
  control(frame: Buffer): void {
    if (this.ended) return;
    this.#write(frame);
  }

  get counters(): EgressCounters {
    return this.#context.counters;
  }

  get limits(): Limits {
    return this.#context.limits;
  }

  /**
   * Writes a turn's frames.
   * @param events how many events the frames hold.
   * @returns false, with nothing written, when the socket is congested or closing.
   */
  deliver(frames: Buffer, events: number): boolean {
    if (this.ended || this.congested) return false;
    if (this.joins && !this.#held) {
      this.#held = true;
      this.#socket.hold();
      this.#context.corker.hold(this);
    }
    this.#write(frames);
    const { counters } = this.#context;
    counters.deliveries += events;
    counters.deliveryWrites++;
    return true;
  }

  /** At the end of the loop turn: sends what was joined in it. */
  release(): void {
    this.#held = false;
    this.#socket.release();
  }

  /** Bytes written and not acknowledged. */
  outstandingBytes(): number {
    return this.#writtenBytes - this.#ackedBytes;
  }

  /** The current send window in bytes, adapted to how fast acknowledgements arrive. */
  get outstandingBytesMax(): number {
    return this.#window;
  }

  /** Up to when the rate limiter refills: now, or when the peer began to send faster than it is read. Monotonic, ms. */
  countedUntil(): number {
    return this.#socket.busySince?.() ?? this.#context.clock.now();
  }

  /** The peer's request has begun a turn: its work is charged to the peer. */
  beganTurn(): void {
    this.#socket.began?.(this.#context.limits.turnWorkMs);
  }

  /** Bytes that this process buffers for the socket. */
  unsentBytes(): number {
    return this.#socket.unsentBytes();
  }

  #write(frames: Buffer): void {
    // Pings are never farther apart than one write, because the ack deadline allows ackTimeoutMs per pingEveryBytes.
    const unpinged = this.#writtenBytes - this.#pingedBytes;
    if (unpinged > 0 && unpinged + frames.length > this.#context.limits.pingEveryBytes) this.#sendPing();
    this.#socket.write(frames);
    this.#writtenBytes += frames.length;
    this.#context.counters.writes++;
    this.#context.counters.writtenBytes += frames.length;
    if (this.#writtenBytes - this.#pingedBytes >= this.#context.limits.pingEveryBytes) this.#sendPing();
    if (!this.congested && this.outstandingBytes() > this.#window) {
      this.congested = true;
      if (this.#pingedBytes !== this.#writtenBytes) this.#sendPing();
      this.#owner.congested();
    }
    if (this.#socket.unsentBytes() > this.#context.limits.unsentBytesMax) this.#reportStuck();
  }

  /** The pong to this ping acknowledges everything written before it. */
  #sendPing(): void {
    const id = this.#nextPingId++;
    const bytes = this.#writtenBytes - this.#pingedBytes;
    const ahead = this.outstandingBytes();
    this.#pings.push({ id, at: this.#writtenBytes, bytes, ahead, sentAt: this.#context.clock.now() });
    this.#pingedBytes = this.#writtenBytes;
    this.#socket.ping(`m${id}`);
  }

  /**
   * Handles a pong. One that answers none of our numbered pings only proves that the peer is alive (RFC 6455 5.5.3).
   * @returns whether it acknowledged anything.
   */
  ack(payload: string): boolean {
    this.heard();
    if (!payload.startsWith("m")) return false;
    const index = this.#pings.findIndex((ping) => `m${ping.id}` === payload);
    const ping = this.#pings[index];
    if (!ping) return false;
    this.#pings.splice(0, index + 1);
    this.#ackedBytes = ping.at;
    this.#ackedAt = this.#context.clock.now();
    this.#adapt(ping);
    const low = this.#window * drainedShare;
    if (!this.congested || this.ended) return true;
    if (this.outstandingBytes() < low) {
      this.congested = false;
      this.#owner.drained();
    } else if (this.#pings.length === 0) this.#sendPing();
    return true;
  }

  /** Replies wait behind outstanding bytes, so a slow link gets a smaller window: about one second's worth. */
  #adapt({ ahead, sentAt }: SentPing): void {
    const { pingEveryBytes, outstandingBytesMin, outstandingBytesMax, ackTargetMs } = this.#context.limits;
    // With few bytes ahead of it, a ping measures the peer's distance, not its reading speed.
    if (ahead < Math.min(pingEveryBytes, this.#window) / 2) return;
    const tookMs = this.#ackedAt - sentAt;
    const least = Math.min(outstandingBytesMin, outstandingBytesMax);
    if (tookMs > ackTargetMs) this.#window = Math.max(least, this.#window / 2);
    else if (tookMs < ackTargetMs / 2) this.#window = Math.min(outstandingBytesMax, this.#window * 2);
  }

  /** The deadline of the oldest ping. It counts from the last ack, so a slow peer that keeps reading stays open. */
  #ackDueAt({ bytes, sentAt }: SentPing): number {
    const { ackTimeoutMs, pingEveryBytes } = this.#context.limits;
    return Math.max(sentAt, this.#ackedAt) + ackTimeoutMs * Math.max(1, bytes / pingEveryBytes);
  }

  /** Pauses or resumes reading. While paused, the deadlines for acks and silence are suspended. */
  stopReading(stops: boolean): void {
    this.#isUnread = stops;
    if (stops) {
      this.#socket.stopReading?.();
      return;
    }
    this.#ackedAt = this.#context.clock.now();
    this.heard();
    this.#socket.readOn?.();
  }

  /** Any received frame proves that the peer is alive. */
  heard(): void {
    this.#heardAt = this.#context.clock.now();
  }

  /** Sends the close frame. Nothing is written after it. */
  close(close: Close): void {
    if (this.ended) return;
    this.end();
    this.closeCode = close.code;
    this.#context.counters.closed(close.code);
    this.#socket.close(close.code, close.reason);
  }

  /** The peer or ws itself is closing: nothing may be written any more. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#endedAt = this.#context.clock.now();
    this.#pings = [];
  }

  cut(): void {
    this.end();
    this.#socket.cut();
  }

  /** Checks the sweep's deadlines. Pings the peer when it has been silent. @returns the missed deadline, if any. */
  due(now: number): "overdue" | "stuck" | "silent" | undefined {
    if (this.ended) return now - this.#endedAt >= this.#context.limits.closingMs ? "overdue" : undefined;
    if (this.#isUnread) return undefined;
    const oldest = this.#pings[0];
    // A peer must read what was sent before a ping to answer it, so its ack deadline decides and not its silence.
    if (oldest) return now >= this.#ackDueAt(oldest) ? "stuck" : undefined;
    const silentMs = now - this.#heardAt;
    if (silentMs >= this.#context.limits.silentCloseMs) return "silent";
    const pingMs = this.#pingAfterMs();
    if (silentMs >= pingMs && now - this.#pingedAt >= pingMs) {
      this.#pingedAt = now;
      this.#socket.ping("");
    }
    return undefined;
  }

  /** Up to 20 % sooner, by the last digits of #heardAt, so that sockets opened together are not pinged together. */
  #pingAfterMs(): number {
    const jitter = (Math.trunc(this.#heardAt * 1_000) % 1_000) / 1_000;
    return this.#context.limits.silentPingMs * (1 - 0.2 * jitter);
  }

  /** Milliseconds since the peer last sent anything. */
  silentMs(): number {
    return this.#context.clock.now() - this.#heardAt;
  }

  /** What the sweep will do, and in how many ms, if the peer sends nothing until then. For diagnostics. */
  deadlines(): { what: string; inMs: number }[] {
    const { silentPingMs, silentCloseMs, closingMs } = this.#context.limits;
    const now = this.#context.clock.now();
    const due = (what: string, since: number, ms: number): { what: string; inMs: number } => ({
      what,
      inMs: Math.max(0, Math.round(since + ms - now)),
    });
    if (this.ended) return [due("the peer has not answered the close frame: cut", this.#endedAt, closingMs)];
    const [oldest] = this.#pings;
    const slow = oldest && due("what was written has no ack: closed as slow (4001)", this.#ackDueAt(oldest), 0);
    // Every idle socket is pinged now and then. Only one that does not answer is in danger.
    const isPinged = now - this.#heardAt >= silentPingMs;
    const silent = due("no sign of life: closed as silent (4002)", this.#heardAt, silentCloseMs);
    return [...(slow ? [slow] : []), ...(isPinged ? [silent] : [])];
  }

  /** Whether the peer reads late. A peer that acks in time is not behind, however much is outstanding. */
  isBehind(now: number): boolean {
    const [oldest] = this.#pings;
    return this.congested || (oldest !== undefined && now - oldest.sentAt > this.#context.limits.ackTargetMs);
  }

  /** Closes it as slow (4001): the memory budget for all sockets was exceeded and this one held the most. */
  giveUp(): void {
    if (!this.ended) this.#reportStuck();
  }

  #reportStuck(): void {
    if (this.#stuck) return;
    this.#stuck = true;
    this.congested = true;
    this.#owner.stuck();
  }
}
