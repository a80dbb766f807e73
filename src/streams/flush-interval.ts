// How long a feed gathers between two flushes: not at all while few watch, up to 25 ms while many do, and longer while
// the event loop is late, because then each write saved helps everybody. One for all feeds.

import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";

/** What a timer or a loop turn may be late by without anything being wrong. */
const usualMs = 2;
/** How much of the lateness is left with each run that is in time. */
const decay = 0.75;
/** Lateness that was seen longer ago says nothing. */
export const latenessKeptMs = 250;

export class FlushInterval {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Limits;
  #lateMs = 0;
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "now">, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The pause between two flushes to so many live watchers. Milliseconds. */
  intervalMs(watchers: number): number {
    const { flushIntervalMs, flushIntervalMaxMs, flushWatchersPerMs } = this.#limits;
    const wanted = Math.min(flushIntervalMs, Math.floor(watchers / flushWatchersPerMs));
    return Math.min(flushIntervalMaxMs, wanted + this.latenessMs());
  }

  /** A flush has run, so late. */
  ran(dueAt: number): void {
    const now = this.#clock.now();
    this.#lateMs = Math.max(now - dueAt - usualMs, this.latenessMs() * decay);
    this.#notedAt = now;
  }

  /** Whole milliseconds; what was long ago says nothing. */
  latenessMs(): number {
    const isFresh = this.#clock.now() - this.#notedAt < latenessKeptMs;
    return isFresh ? Math.max(0, Math.floor(this.#lateMs)) : 0;
  }
}
