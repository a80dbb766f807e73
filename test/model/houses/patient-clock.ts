// The system's clock, but for the long waits: those are over when the test says so, so that a model may stay in a state
// that only a deadline ends for as long as it likes. Must never let a long wait end by itself.
import { type Clock, systemClock, type Timer } from "../../../src/runtime/clock.ts";

/** From here on a wait is a long one. */
const longWaitMs = 60_000;

interface LongWait {
  delayMs: number;
  run: () => void;
}

export class PatientClock implements Clock {
  readonly #waits = new Set<LongWait>();

  wall(): number {
    return systemClock.wall();
  }

  now(): number {
    return systemClock.now();
  }

  setTimeout(run: () => void, delayMs: number): Timer {
    if (delayMs < longWaitMs) return systemClock.setTimeout(run, delayMs);
    const wait = { delayMs, run };
    this.#waits.add(wait);
    return wait;
  }

  clearTimeout(timer: Timer): void {
    if (!this.#waits.delete(timer as LongWait)) systemClock.clearTimeout(timer);
  }

  defer(run: () => void): void {
    systemClock.defer(run);
  }

  /** How many waits of this length are under way. */
  waiting(delayMs: number): number {
    return [...this.#waits].filter((wait) => wait.delayMs === delayMs).length;
  }

  /** Ends all waits of this length that are under way; how many that were. */
  elapse(delayMs: number): number {
    const due = [...this.#waits].filter((wait) => wait.delayMs === delayMs);
    for (const wait of due) this.#waits.delete(wait);
    for (const { run } of due) run();
    return due.length;
  }
}
