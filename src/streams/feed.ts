// One conversation's stream to those who watch it: takes events from the orchestrator, logs them, and writes what is
// new to the live set, joined, once per socket, in slices. Must never let one bad event or one bad socket stop the
// others.

import type { Limits } from "../limits.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { walkInSlices } from "../runtime/fan-out.ts";
import type { Cursor } from "./cursor.ts";
import type { FlushInterval } from "./flush-interval.ts";
import type { TurnLog } from "./turn-log.ts";

/** What a feed finds out while it takes events in; the owner posts facts and does nothing else. */
export interface FeedOwner {
  turnSealed(): void;
  /** The running turn's log, or all logs with it, are over this limit. */
  turnTooLarge(bytesMax: number): void;
}

/** Posts a signal to whoever watches. */
export interface TurnListener {
  tell(signal: "turn.began" | "turn.sealed"): void;
}

export class Feed {
  readonly conversationId: string;
  readonly log: TurnLog;
  /** The cursors that stand at the head. Filled and emptied by the watch's entry and exit actions. */
  readonly live = new Set<Cursor>();
  /** Ends the subscription at the orchestrator; undefined while there is none. */
  unsubscribe: (() => void) | undefined;
  /** Everybody who watches, live or not. */
  readonly watchers = new Set<TurnListener>();

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
  /** The turn whose `done` is out, and the one that was sealed last. */
  #doneTurnId: unknown;
  #sealedTurnId: unknown;
  /** A turn that the port has accepted and that has not said anything. */
  acceptedTurnId: string | undefined;
  /** The walk over the live set that is under way, and after which event it writes. */
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

  /** The seq up to which the live set is or is being written. */
  head(): number {
    if (this.live.size === 0 && !this.#walk) this.#head = this.log.seq;
    return this.#head;
  }

  /** Where a new watch begins: before the running turn's first event, or after everything. */
  startSeq(): number {
    return this.log.running?.startSeq ?? this.log.seq;
  }

  /**
   * Takes one event in. Over the limit of a running turn's log only its end is still taken.
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
    // Between turns, an event that names none, or the one that is over, begins none: nobody is to wait for its end.
    const isStray = running && (running.turnId === undefined || running.turnId === this.#sealedTurnId);
    if (isStray) this.log.seal(this.#clock.now());
    else if (running && running.turnId !== wasRunning) {
      this.#tooLarge = false;
      this.#tellWatchers("turn.began");
    }
    if (event.type === "turn-sealed") {
      this.#tooLarge = false;
      this.#sealedTurnId = running?.turnId;
      this.log.seal(this.#clock.now());
      this.#tellWatchers("turn.sealed");
      this.#owner.turnSealed();
    } else if (running && running.bytes > this.#limits.turnLogBytesMax) this.outgrow(this.#limits.turnLogBytesMax);
    this.#schedule();
  }

  #tellWatchers(signal: "turn.began" | "turn.sealed"): void {
    for (const watcher of this.watchers) watcher.tell(signal);
  }

  /** The running turn is larger than there is room for: only its end is still taken. */
  outgrow(bytesMax: number): void {
    const { running } = this.log;
    // What has ended is not ended again: nothing comes between `done` and `turn-sealed` (protocol 1.3).
    if (this.#tooLarge || !running || running.turnId === this.#doneTurnId) return;
    this.#tooLarge = true;
    this.#owner.turnTooLarge(bytesMax);
  }

  /** The port has accepted this turn; a host may have said all of it by then. */
  accepted(turnId: string): void {
    const isKnown = turnId === this.log.running?.turnId || turnId === this.#sealedTurnId;
    if (!isKnown) this.acceptedTurnId = turnId;
  }

  /** When the oldest turn was sealed that may be shed: the live set has been given all of it. */
  get sheddableSince(): number | undefined {
    return this.log.oldestLastSeq <= this.head() ? this.log.oldestSealedAt : undefined;
  }

  /** Writes what has gathered without the pause. Answers whether the live set has been given all up to this seq. */
  hurry(seq: number): boolean {
    if (this.live.size === 0 || (this.#walk?.fromSeq ?? this.#head) >= seq) return true;
    this.#schedule(true);
    return false;
  }

  /** Ends every timer; the live set is emptied by the watches. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#walk = undefined;
    this.unsubscribe?.();
    this.unsubscribe = undefined;
  }

  /** The first flush after a pause goes out with the tick, the next after the pause that so many watchers need. */
  #schedule(hurried = false): void {
    if (this.live.size === 0 || this.#due || this.#walk) return;
    const gatheredEvents = this.log.seq - this.#head;
    const gatheredBytes = this.log.bytes - this.#bytesAtFlush;
    const urgent =
      hurried || gatheredEvents >= this.#limits.flushEventsMax || gatheredBytes >= this.#limits.flushBytesMax;
    if (this.#timer !== undefined && !urgent) return;
    const now = this.#clock.now();
    const waitMs = urgent ? 0 : this.#flushedAt + this.#flushInterval.intervalMs(this.live.size) - now;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
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
    // What was shed meanwhile is not skipped in silence: cursors that stand before it fall behind, and are lost.
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
