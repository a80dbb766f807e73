// A clock that stands still until a test moves it. Timers fire in the order of their time; deferred work runs first.
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

  /** How many timers are pending: a test that has let everything go proves that this is 0. */
  get pending(): number {
    return this.#timers.size + this.#deferred.length;
  }

  /** Runs what was deferred, and what that defers, without letting time pass. */
  settle(): void {
    while (this.#deferred.length > 0) this.turn();
  }

  /** One turn of the loop: what was deferred until now runs, and not what that defers. */
  turn(): void {
    const batch = this.#deferred;
    this.#deferred = [];
    for (const run of batch) run();
  }

  /** The process is held: time passes and no timer fires; those that are due fire late, with the next advance. */
  hold(ms: number): void {
    this.#now += ms;
  }

  /** Somebody sets the wall clock, forwards or back: no time passes. */
  set(wallMs: number): void {
    this.#epoch = wallMs - this.#now;
  }

  /** Lets milliseconds pass, firing each timer at its time. */
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
