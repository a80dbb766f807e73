// One socket's way out: owns every byte that is written to it and knows how much of it has no receipt yet. Must never
// queue anything for a slow socket: who may not write is told so, and comes back later.

import type { Limits } from "../limits.ts";
import type { Close } from "../protocol/closes.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Corker } from "./cork.ts";
import type { EgressCounters } from "./counters.ts";
import type { Socket } from "./socket.ts";

/** What an outlet finds out. Called inside write loops: the owner posts a fact and does nothing else. */
export interface SocketWriterOwner {
  congested(): void;
  drained(): void;
  stuck(): void;
}

/** Below this part of its window a socket catches up again. Lower: fewer and longer pauses. */
const lowPart = 0.5;

interface SentPing {
  id: number;
  /** Bytes written before it, and after the mark before it. */
  at: number;
  bytes: number;
  /** Outstanding when it was sent. */
  ahead: number;
  sentAt: number;
}

/** What all outlets of a gateway share. */
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
  /** Does it watch more than one conversation? Then what their feeds write in one loop turn is joined. */
  joins = false;
  #held = false;
  /** A plain field that the fan-out reads: nothing of a turn may be written now. */
  congested = false;
  /** Our close frame is out or the peer has gone: nothing may be written any more. */
  ended = false;
  /** The code of our close frame; undefined while none is out, or when the peer ended it. */
  closeCode: number | undefined;
  #stuck = false;
  /** Nothing is read of the peer at the moment. */
  #isUnread = false;
  #writtenBytes = 0;
  #ackedBytes = 0;
  #pingedBytes = 0;
  #pings: SentPing[] = [];
  #nextMark = 1;
  /** Above it the socket counts as congested: so much that it takes about a second. */
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

  /** Replies, refusals, surfaces and news: written at once, also to a congested socket. */
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

  /** Frames of a turn, with so many events. False, and nothing written, when the socket may not be given more now. */
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

  /** The loop turn is over: what was written in it leaves. */
  release(): void {
    this.#held = false;
    this.#socket.release();
  }

  /** Bytes written after the last receipt. */
  outstandingBytes(): number {
    return this.#writtenBytes - this.#ackedBytes;
  }

  /** Above it the socket counts as congested; it follows the pace of the receipts. */
  get outstandingBytesMax(): number {
    return this.#window;
  }

  /** Until when time counts for the peer: now, or when it began to send more than is read. Monotonic, ms. */
  countedUntil(): number {
    return this.#socket.busySince?.() ?? this.#context.clock.now();
  }

  /** A turn has begun at the peer's request. */
  beganTurn(): void {
    this.#socket.began?.(this.#context.limits.turnWorkMs);
  }

  /** Bytes the process holds for this socket. */
  unsentBytes(): number {
    return this.#socket.unsentBytes();
  }

  #write(frames: Buffer): void {
    // No two marks are farther apart than one write has to be: a receipt is due for what can be read in its time.
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

  /** A ping marks the stream; its pong is the receipt for all that was written before. */
  #sendPing(): void {
    const id = this.#nextMark++;
    const bytes = this.#writtenBytes - this.#pingedBytes;
    const ahead = this.outstandingBytes();
    this.#pings.push({ id, at: this.#writtenBytes, bytes, ahead, sentAt: this.#context.clock.now() });
    this.#pingedBytes = this.#writtenBytes;
    this.#socket.ping(`m${id}`);
  }

  /**
   * A pong has come in; answers whether it is a receipt. One that answers no mark is a sign of life and nothing more
   * (RFC 6455 5.5.3).
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
    const low = this.#window * lowPart;
    if (!this.congested || this.ended) return true;
    if (this.outstandingBytes() < low) {
      this.congested = false;
      this.#owner.drained();
    } else if (this.#pings.length === 0) this.#sendPing();
    return true;
  }

  /** What is on the way delays replies: on a slow link it may be less, so that it takes about a second. */
  #adapt({ ahead, sentAt }: SentPing): void {
    const { pingEveryBytes, outstandingBytesMin, outstandingBytesMax, ackTargetMs } = this.#context.limits;
    // A mark with next to nothing before it tells how far away the peer is, not how fast it reads.
    if (ahead < Math.min(pingEveryBytes, this.#window) / 2) return;
    const tookMs = this.#ackedAt - sentAt;
    const least = Math.min(outstandingBytesMin, outstandingBytesMax);
    if (tookMs > ackTargetMs) this.#window = Math.max(least, this.#window / 2);
    else if (tookMs < ackTargetMs / 2) this.#window = Math.min(outstandingBytesMax, this.#window * 2);
  }

  /** How long the oldest mark may still take. It is the pace that counts: who reads at all is waited for. */
  #ackDueAt({ bytes, sentAt }: SentPing): number {
    const { ackTimeoutMs, pingEveryBytes } = this.#context.limits;
    return Math.max(sentAt, this.#ackedAt) + ackTimeoutMs * Math.max(1, bytes / pingEveryBytes);
  }

  /** What the peer sends meanwhile stays where it is: its receipts and signs of life are not missed until then. */
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

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heardAt = this.#context.clock.now();
  }

  /** Sends the close frame; nothing is written after it. */
  close(close: Close): void {
    if (this.ended) return;
    this.end();
    this.closeCode = close.code;
    this.#context.counters.closed(close.code);
    this.#socket.close(close.code, close.reason);
  }

  /** Nothing may be written any more: the peer or ws itself is closing. */
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

  /** What of the sweep's deadlines this socket has missed at the moment; pings it when it has been silent. */
  due(now: number): "overdue" | "stuck" | "silent" | undefined {
    if (this.ended) return now - this.#endedAt >= this.#context.limits.closingMs ? "overdue" : undefined;
    if (this.#isUnread) return undefined;
    const oldest = this.#pings[0];
    // Nobody can answer a ping before it has read what comes before it: then the mark decides, and not the silence.
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

  /** Up to a fifth sooner, by the last digits of when it was heard: a fleet that came at once is not pinged at once. */
  #pingAfterMs(): number {
    const chance = (Math.trunc(this.#heardAt * 1_000) % 1_000) / 1_000;
    return this.#context.limits.silentPingMs * (1 - 0.2 * chance);
  }

  /** Since the last sign of life. */
  silentMs(): number {
    return this.#context.clock.now() - this.#heardAt;
  }

  /** What the sweep will do, and when, if nothing is heard until then; for those who look. */
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
    // Every socket that has nothing to say is pinged now and then; only one that does not answer is in danger.
    const isPinged = now - this.#heardAt >= silentPingMs;
    const silent = due("no sign of life: closed as silent (4002)", this.#heardAt, silentCloseMs);
    return [...(slow ? [slow] : []), ...(isPinged ? [silent] : [])];
  }

  /** Does it take what it is given late? Who reads in time may be owed much for a moment, and is not in danger. */
  isBehind(now: number): boolean {
    const [oldest] = this.#pings;
    return this.congested || (oldest !== undefined && now - oldest.sentAt > this.#context.limits.ackTargetMs);
  }

  /** It holds more than its share of what all sockets may: it is given up as slow. */
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
