// One write to many sockets, a bounded number of them in one loop turn. What becomes new while a pass is under way goes
// out in the next one, so each socket sees everything in order. Passes that rest let what is new gather between them.

import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "./clock.ts";
import { WorkSlice } from "./work-slice.ts";

export class FanOut<Member> {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #members: () => Iterable<Member>;
  readonly #begin: () => void;
  readonly #write: (member: Member) => void;
  /** Between the beginnings of two passes, for each member that the first has reached. Milliseconds. */
  readonly #restMs: (reached: number) => number;
  #walking = false;
  #wanted = false;
  #reached = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #whenIdle: (() => void)[] = [];

  /**
   * @param members whom a pass reaches; may change while it is under way.
   * @param begin called as a pass begins: takes what it will write.
   * @param write called for each member; must not throw.
   * @param rests whether a pass waits after the one before, as news do.
   */
  constructor(
    clock: Clock,
    limits: Limits,
    members: () => Iterable<Member>,
    begin: () => void,
    write: (member: Member) => void,
    isSpaced = false,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#members = members;
    this.#begin = begin;
    this.#write = write;
    const { broadcastIntervalMs, broadcastSocketsPerMs } = limits;
    this.#restMs = (reached) =>
      isSpaced ? Math.min(broadcastIntervalMs, Math.floor(reached / broadcastSocketsPerMs)) : 0;
  }

  /** Asks for a pass with what is new; it begins after the present tick. */
  want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (!this.#walking) this.#startSoon();
  }

  /** No pass begins any more. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wanted = false;
    if (!this.#walking) this.#reportIdle();
  }

  /** Runs when every pass that was asked for is over: at once when none is. */
  whenIdle(run: () => void): void {
    if (this.#wanted || this.#walking) this.#whenIdle.push(run);
    else run();
  }

  #startSoon(): void {
    const restMs = this.#startedAt + this.#restMs(this.#reached) - this.#clock.now();
    if (restMs > 0) this.#timer = this.#clock.setTimeout(() => this.#start(), restMs);
    else this.#clock.defer(() => this.#start());
  }

  #start(): void {
    this.#timer = undefined;
    if (!this.#wanted || this.#walking) return;
    this.#wanted = false;
    this.#walking = true;
    this.#reached = 0;
    this.#startedAt = this.#clock.now();
    this.#begin();
    this.#step(this.#members()[Symbol.iterator]());
  }

  #step(rest: Iterator<Member>): void {
    const slice = new WorkSlice(this.#clock, this.#limits, this.#limits.socketsPerLoopTurn);
    while (slice.takes()) {
      const next = rest.next();
      if (next.done) {
        this.#walking = false;
        if (this.#wanted) this.#startSoon();
        else this.#reportIdle();
        return;
      }
      this.#reached++;
      this.#write(next.value);
    }
    this.#clock.defer(() => this.#step(rest));
  }

  #reportIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const run of waiting) run();
  }
}
