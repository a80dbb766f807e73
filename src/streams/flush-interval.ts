// How long a feed gathers events between two flushes: not at all with few watchers, up to 25 ms with many, and longer
// while the event loop is late, because each write saved then helps everybody. All feeds share one.
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";

/** A timer or loop turn that is late by no more than this is normal. */
const usualMs = 2;
/** The share of the lateness that remains after a flush that was on time. */
const decay = 0.75;
/** A measured lateness expires after this time. */
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

  /** The time between two flushes to this many live watchers. Milliseconds. */
  intervalMs(watchers: number): number {
    const { flushIntervalMs, flushIntervalMaxMs, flushWatchersPerMs } = this.#limits;
    const wanted = Math.min(flushIntervalMs, Math.floor(watchers / flushWatchersPerMs));
    return Math.min(flushIntervalMaxMs, wanted + this.latenessMs());
  }

  /** A flush has run now that was due at this time. */
  ran(dueAt: number): void {
    const now = this.#clock.now();
    this.#lateMs = Math.max(now - dueAt - usualMs, this.latenessMs() * decay);
    this.#notedAt = now;
  }

  /** Whole milliseconds; 0 when no flush ran within latenessKeptMs. */
  latenessMs(): number {
    const isFresh = this.#clock.now() - this.#notedAt < latenessKeptMs;
    return isFresh ? Math.max(0, Math.floor(this.#lateMs)) : 0;
  }
}
