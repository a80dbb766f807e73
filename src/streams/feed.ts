// One conversation's stream to its watchers. It takes events from the orchestrator, logs them, and writes new ones to
// the live set, joined into one write per socket, in slices. Must never let one bad event or one bad socket stop the
// others.
import type { Limits } from "../limits.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { walkInSlices } from "../runtime/fan-out.ts";
import type { Cursor } from "./cursor.ts";
import type { FlushInterval } from "./flush-interval.ts";
import type { TurnLog } from "./turn-log.ts";

/** Signals of a feed. Called while it takes events, so the owner must only post an event and return. */
export interface FeedOwner {
  turnSealed(): void;
  /** The running turn's log, or all running turns' logs together, exceed this many bytes. */
  turnTooLarge(bytesMax: number): void;
}

/** A watcher of the conversation. */
export interface Watcher {
  /** Whether the events up to this seq will still be written to it. */
  lacks(seq: number): boolean;
  /** A turn that it asked for is sealed. Called while the feed takes events, so it must only post and return. */
  turnOver(): void;
}

export class Feed {
  readonly conversationId: string;
  readonly log: TurnLog;
  /** The cursors at the head. The watch's entry and exit actions add and remove them. */
  readonly live = new Set<Cursor>();
  /** Ends the subscription to the orchestrator; undefined while there is none. */
  unsubscribe: (() => void) | undefined;
  /** All watchers, live or not. */
  readonly watchers = new Set<Watcher>();
  /** Those that asked for the turn that is requested or runs. */
  readonly askers = new Set<Watcher>();

  readonly #owner: FeedOwner;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #flushInterval: FlushInterval;
  #head = 0;
  #timer: Timer | undefined;
  #due = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #bytesAtFlush = 0;
  #tooLarge = false;
  /** The turn whose `done` was logged last. */
  #doneTurnId: unknown;
  /** The turn that was sealed last. */
  #sealedTurnId: unknown;
  /** A turn that the orchestrator has accepted and that has no event yet. */
  acceptedTurnId: string | undefined;
  /** The flush in progress: it writes the events after fromSeq to the live set. */
  #walk: { fromSeq: number } | undefined;

  constructor(
    conversationId: string,
    log: TurnLog,
    owner: FeedOwner,
    clock: Clock,
    limits: Limits,
    flushInterval: FlushInterval,
  ) {
    this.conversationId = conversationId;
    this.log = log;
    this.#owner = owner;
    this.#clock = clock;
    this.#limits = limits;
    this.#flushInterval = flushInterval;
  }

  /** The seq up to which events are written, or being written, to the live set. */
  head(): number {
    if (this.live.size === 0 && !this.#walk) this.#head = this.log.seq;
    return this.#head;
  }

  /** Where a new watch begins: at the running turn's first event, or after the newest event when none runs. */
  startSeq(): number {
    return this.log.running?.startSeq ?? this.log.seq;
  }

  /**
   * Takes one event. Once a running turn's log is over its limit, only the turn's `done` and `turn-sealed` are taken.
   * @throws TypeError when JSON cannot hold the event.
   */
  append(event: LoggedEvent): void {
    const ends = event.type === "done" || event.type === "turn-sealed";
    const wasRunning = this.log.running?.turnId;
    if (this.#tooLarge && !ends && (event.turnId ?? wasRunning) === wasRunning) return;
    this.log.append(event);
    const running = this.log.running;
    if (event.type === "done") this.#doneTurnId = running?.turnId;
    this.acceptedTurnId = undefined;
    // Between turns, an event without a turnId, or with that of the sealed turn, must not begin a turn: its end would
    // never come.
    const isStray = running && (running.turnId === undefined || running.turnId === this.#sealedTurnId);
    if (isStray) this.log.seal(this.#clock.now());
    else if (running && running.turnId !== wasRunning) this.#tooLarge = false;
    if (event.type === "turn-sealed") {
      this.#tooLarge = false;
      this.#sealedTurnId = running?.turnId;
      this.log.seal(this.#clock.now());
      for (const asker of this.askers) asker.turnOver();
      this.askers.clear();
      this.#owner.turnSealed();
    } else if (running && running.bytes > this.#limits.turnLogBytesMax) this.outgrow(this.#limits.turnLogBytesMax);
    this.#schedule();
  }

  /** The running turn exceeds a log limit: from now on only its end is taken. */
  outgrow(bytesMax: number): void {
    const { running } = this.log;
    // Nothing may come between `done` and `turn-sealed` (protocol 1.3).
    if (this.#tooLarge || !running || running.turnId === this.#doneTurnId) return;
    this.#tooLarge = true;
    this.#owner.turnTooLarge(bytesMax);
  }

  /** The orchestrator has accepted this turn. An agent host may already have sent all of its events. */
  accepted(turnId: string): void {
    const isKnown = turnId === this.log.running?.turnId || turnId === this.#sealedTurnId;
    if (!isKnown) this.acceptedTurnId = turnId;
  }

  /** When the oldest turn was sealed; undefined while it may not be shed: it runs, or the live set lacks some of it. */
  get sheddableSince(): number | undefined {
    return this.log.oldestLastSeq <= this.head() ? this.log.oldestSealedAt : undefined;
  }

  /** Flushes without waiting for the interval. */
  hurry(): void {
    this.#schedule(true);
  }

  /** Ends the timer and the subscription. The watches empty the live set. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#walk = undefined;
    this.unsubscribe?.();
    this.unsubscribe = undefined;
  }

  /** After a pause, the first flush runs at the end of the tick. The next one waits for the flush interval. */
  #schedule(hurried = false): void {
    if (this.live.size === 0 || this.#due || this.#walk) return;
    const gatheredEvents = this.log.seq - this.#head;
    const gatheredBytes = this.log.bytes - this.#bytesAtFlush;
    const urgent =
      hurried || gatheredEvents >= this.#limits.flushEventsMax || gatheredBytes >= this.#limits.flushBytesMax;
    if (this.#timer !== undefined && !urgent) return;
    const now = this.#clock.now();
    const waitMs = urgent ? 0 : this.#flushedAt + this.#flushInterval.intervalMs(this.live.size) - now;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (waitMs > 0) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = undefined;
        this.#flushInterval.ran(now + waitMs);
        this.#flush();
      }, waitMs);
      return;
    }
    this.#due = true;
    this.#clock.defer(() => {
      this.#due = false;
      this.#flushInterval.ran(now);
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#walk || this.live.size === 0 || this.log.seq === this.#head) return;
    this.#flushedAt = this.#clock.now();
    // Events shed in the meantime must not be skipped silently: cursors before them fall behind and are then lost.
    const fromSeq = Math.max(this.#head, this.log.firstSeq - 1);
    const { frames, seq } = this.log.frames(fromSeq, this.#limits.flushBytesMax);
    this.#head = seq;
    this.#bytesAtFlush = this.log.bytes;
    const walk = { fromSeq };
    this.#walk = walk;
    const visit = (cursor: Cursor): void => {
      if (this.#walk === walk) cursor.flush(frames, fromSeq, seq);
    };
    walkInSlices(this.#clock, this.#limits, this.live.values(), visit, () => {
      if (this.#walk !== walk) return;
      this.#walk = undefined;
      if (this.log.seq > this.#head) this.#schedule();
    });
  }
}
