// A simulated clock that stands still until a test advances it. Timers fire in the order of their due times. Deferred
// work runs before the next timer.
import type { Clock, Timer } from "../../src/runtime/clock.ts";

interface Entry {
  at: number;
  run: () => void;
}

export class SimulatedClock implements Clock {
  #now = 0;
  #epoch: number;
  readonly #timers = new Set<Entry>();
  #deferred: (() => void)[] = [];

  constructor(epoch = 1_700_000_000_000) {
    this.#epoch = epoch;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, delayMs: number): Timer {
    const entry = { at: this.#now + Math.max(0, delayMs), run };
    this.#timers.add(entry);
    return entry;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Entry);
  }

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  /** Pending timers and deferred callbacks. A test that has ended everything checks that this is 0. */
  get pending(): number {
    return this.#timers.size + this.#deferred.length;
  }

  /** Runs deferred callbacks, also those that they defer, until none is left. No time passes. */
  settle(): void {
    while (this.#deferred.length > 0) this.turn();
  }

  /** One turn of the event loop: runs the callbacks deferred so far, but not those that they defer. */
  turn(): void {
    const batch = this.#deferred;
    this.#deferred = [];
    for (const run of batch) run();
  }

  /** Simulates a stopped process: time passes and no timer fires. Due timers fire late, at the next advance. */
  hold(ms: number): void {
    this.#now += ms;
  }

  /** Sets the wall clock, forwards or back. No time passes. */
  set(wallMs: number): void {
    this.#epoch = wallMs - this.#now;
  }

  /** Advances time by this many milliseconds and fires each timer at its due time. */
  advance(ms: number): void {
    const until = this.#now + ms;
    this.settle();
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.#timers) if (entry.at <= until && (!next || entry.at < next.at)) next = entry;
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      this.settle();
    }
    this.#now = until;
  }
}
