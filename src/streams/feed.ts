// One conversation's stream to its watchers. It takes events from the orchestrator, logs them, and has new ones written
// to the live set. Must never let one bad event stop the others.
import type { Limits } from "../limits.ts";
import type { LoggedEvent } from "../ports/orchestrator.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Cursor } from "./cursor.ts";
import type { FlushInterval } from "./flush-interval.ts";
import { LiveSet } from "./live-set.ts";
import { TurnEnds } from "./turn-ends.ts";
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
  /** Ends the subscription to the orchestrator; undefined while there is none. */
  unsubscribe: (() => void) | undefined;
  /** All watchers, live or not. */
  readonly watchers = new Set<Watcher>();
  /** Those that asked for the turn that is requested or runs. */
  readonly askers = new Set<Watcher>();

  readonly #owner: FeedOwner;
  readonly #liveSet: LiveSet;
  readonly #clock: Clock;
  readonly #limits: Limits;
  #tooLarge = false;
  readonly #ends = new TurnEnds();
  /** Since when the log has ended with this seq and the orchestrator was not asked whether the turn runs. */
  quiet: { seq: number; since: number };
  /** This turn runs by its events, and does not by the orchestrator's word: if another one begins, it is over. */
  #suspectTurnId: unknown;
  /** A turn that the orchestrator has accepted and that has no event yet. */
  acceptedTurnId: string | undefined;

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
    this.quiet = { seq: log.seq, since: clock.now() };
    this.#limits = limits;
    this.#liveSet = new LiveSet(log, clock, limits, flushInterval);
  }

  /** The cursors at the head. */
  get live(): Set<Cursor> {
    return this.#liveSet.cursors;
  }

  /** The seq up to which events are written, or being written, to the live set. */
  head(): number {
    return this.#liveSet.head();
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
    if (this.#ends.isEndedInPlace(event.turnId)) return;
    this.#heardOf(event.turnId);
    const ends = event.type === "done" || event.type === "turn-sealed";
    const wasRunning = this.log.running?.turnId;
    if (this.#tooLarge && !ends && (event.turnId ?? wasRunning) === wasRunning) return;
    this.log.append(event);
    const running = this.log.running;
    const previous = this.#ends.sealedTurnId;
    this.#ends.logged(event, running?.turnId);
    this.acceptedTurnId = undefined;
    // Between turns, an event without a turnId, or with that of the sealed turn, must not begin a turn: its end would
    // never come.
    const isStray = running && (running.turnId === undefined || running.turnId === previous);
    if (isStray) this.log.seal(this.#clock.now());
    else if (running && running.turnId !== wasRunning) this.#tooLarge = false;
    if (event.type === "turn-sealed") {
      this.#tooLarge = false;
      this.log.seal(this.#clock.now());
      this.#tellAskers();
      this.#owner.turnSealed();
    } else if (running && running.bytes > this.#limits.turnLogBytesMax) this.outgrow(this.#limits.turnLogBytesMax);
    this.#liveSet.schedule();
  }

  /** The running turn exceeds a log limit: from now on only its end is taken. */
  outgrow(bytesMax: number): void {
    const { running } = this.log;
    // Nothing may come between `done` and `turn-sealed` (protocol 1.3).
    if (this.#tooLarge || !running || this.isDone) return;
    this.#tooLarge = true;
    this.#ends.failed(running.turnId);
    this.#owner.turnTooLarge(bytesMax);
  }

  /** The orchestrator has accepted this turn. An agent host may already have sent all of its events. */
  accepted(turnId: string): void {
    const isKnown = turnId === this.log.running?.turnId || turnId === this.#ends.sealedTurnId;
    if (isKnown) return;
    this.#heardOf(turnId);
    this.acceptedTurnId = turnId;
    this.quiet = { seq: this.log.seq, since: this.#clock.now() };
  }

  /** The accepted turn has never begun, and nothing runs. If it begins after all, it is like any other. */
  forgetAccepted(): void {
    this.acceptedTurnId = undefined;
    this.#tellAskers();
  }

  /** The orchestrator says that the running turn does not run. */
  suspect(): void {
    this.#suspectTurnId = this.log.running?.turnId;
  }

  #heardOf(turnId: unknown): void {
    const suspectTurnId = this.#suspectTurnId;
    if (suspectTurnId === undefined || turnId === undefined) return;
    this.#suspectTurnId = undefined;
    if (turnId !== suspectTurnId && suspectTurnId === this.log.running?.turnId) this.endInPlace();
  }

  /** An `error` event of the running turn was logged. */
  get hasFailed(): boolean {
    return this.#ends.hasFailed(this.log.running?.turnId);
  }

  /** The running turn's `done` was logged. */
  get isDone(): boolean {
    return this.#ends.isDone(this.log.running?.turnId);
  }

  /** Gives the running turn the end that the orchestrator has not given it. Later events of that turn are dropped. */
  endInPlace(): void {
    const { running } = this.log;
    if (!running) return;
    for (const event of this.#ends.missingOf(this.conversationId, running.turnId)) this.append(event);
    this.#ends.endedInPlace(running.turnId);
  }

  #tellAskers(): void {
    for (const asker of this.askers) asker.turnOver();
    this.askers.clear();
  }

  /** When the oldest turn was sealed; undefined while it may not be shed: it runs, or the live set lacks some of it. */
  get sheddableSince(): number | undefined {
    return this.log.oldestLastSeq <= this.head() ? this.log.oldestSealedAt : undefined;
  }

  /** Flushes without waiting for the interval. */
  hurry(): void {
    this.#liveSet.schedule(true);
  }

  /** Ends the timer and the subscription. The watches empty the live set. */
  stop(): void {
    this.#liveSet.stop();
    this.unsubscribe?.();
    this.unsubscribe = undefined;
  }
}
