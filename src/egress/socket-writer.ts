// Writes all bytes to one socket and tracks how many of them are not acknowledged yet. Must never queue anything for a
// slow socket: deliver() refuses instead, and its caller tries again after the socket has drained.
import type { Limits } from "../limits.ts";
import type { Close } from "../protocol/closes.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Corker } from "./cork.ts";
import type { EgressCounters } from "./counters.ts";
import { SendWindow } from "./send-window.ts";
import type { Socket } from "./socket.ts";

/** Gets a writer's signals. Called inside write loops, so the owner must only post an event and return. */
export interface SocketWriterOwner {
  tell(signal: "socket.congested" | "socket.drained" | "socket.stuck"): void;
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
  readonly #window: SendWindow;
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
  #heardAt: number;
  #pingedAt: number;
  #endedAt = 0;

  constructor(socket: Socket, owner: SocketWriterOwner, context: SocketWriterContext) {
    this.#socket = socket;
    this.#owner = owner;
    this.#context = context;
    this.#window = new SendWindow(socket, context.clock, context.limits);
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
    return this.#window.outstandingBytes;
  }

  /** The current send window in bytes, adapted to how fast acknowledgements arrive. */
  get outstandingBytesMax(): number {
    return this.#window.bytesMax;
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
    this.#window.beforeWrite(frames.length);
    this.#socket.write(frames);
    this.#context.counters.writes++;
    this.#context.counters.writtenBytes += frames.length;
    this.#window.wrote(frames.length);
    if (!this.congested && this.#window.isOver) {
      this.congested = true;
      this.#window.pingLast();
      this.#owner.tell("socket.congested");
    }
    if (this.#socket.unsentBytes() > this.#context.limits.unsentBytesMax) this.#reportStuck();
  }

  /**
   * Handles a pong. One that answers none of our numbered pings only proves that the peer is alive (RFC 6455 5.5.3).
   * @returns whether it acknowledged anything.
   */
  ack(payload: string): boolean {
    this.heard();
    if (!this.#window.ack(payload)) return false;
    if (!this.congested || this.ended) return true;
    if (this.#window.isDrained) {
      this.congested = false;
      this.#owner.tell("socket.drained");
    } else this.#window.pingUnlessWaiting();
    return true;
  }

  /** Pauses or resumes reading. While paused, the deadlines for acks and silence are suspended. */
  stopReading(stops: boolean): void {
    this.#isUnread = stops;
    if (stops) {
      this.#socket.stopReading?.();
      return;
    }
    this.#window.restartDeadline();
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
    this.#window.end();
  }

  cut(): void {
    this.end();
    this.#socket.cut();
  }

  /** Checks the sweep's deadlines. Pings the peer when it has been silent. @returns the missed deadline, if any. */
  due(now: number): "overdue" | "stuck" | "silent" | undefined {
    if (this.ended) return now - this.#endedAt >= this.#context.limits.closingMs ? "overdue" : undefined;
    if (this.#isUnread) return undefined;
    const ackDueAt = this.#window.ackDueAt();
    // A peer must read what was sent before a ping to answer it, so its ack deadline decides and not its silence.
    if (ackDueAt !== undefined) return now >= ackDueAt ? "stuck" : undefined;
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
    const ackDueAt = this.#window.ackDueAt();
    const slow =
      ackDueAt === undefined ? undefined : due("what was written has no ack: closed as slow (4001)", ackDueAt, 0);
    // Every idle socket is pinged now and then. Only one that does not answer is in danger.
    const isPinged = now - this.#heardAt >= silentPingMs;
    const silent = due("no sign of life: closed as silent (4002)", this.#heardAt, silentCloseMs);
    return [...(slow ? [slow] : []), ...(isPinged ? [silent] : [])];
  }

  /** Whether the peer reads late. A peer that acks in time is not behind, however much is outstanding. */
  isBehind(now: number): boolean {
    return this.congested || this.#window.isLate(now);
  }

  /** Closes it as slow (4001): the memory budget for all sockets was exceeded and this one held the most. */
  giveUp(): void {
    if (!this.ended) this.#reportStuck();
  }

  #reportStuck(): void {
    if (this.#stuck) return;
    this.#stuck = true;
    this.congested = true;
    this.#owner.tell("socket.stuck");
  }
}
