// The system clock for a server under test, with two additions: it can leap ahead, so that timeouts of seconds expire
// at once, and it can run a callback before each piece of deferred work. It must never run a timer early.
import type { Clock, Timer } from "../../../src/runtime/clock.ts";
import { systemClock } from "../../support/system-clock.ts";

interface Pending {
  at: number;
  fire: () => void;
  timer: Timer;
}

export class LeapingClock implements Clock {
  #aheadMs = 0;
  readonly #pending = new Set<Pending>();
  /** Runs before each piece of deferred work, like another event of the event loop. */
  beforeDeferred: (() => void) | undefined;

  wall(): number {
    return systemClock.wall() + this.#aheadMs;
  }

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  setTimeout(run: () => void, delayMs: number): Timer {
    const fire = (): void => {
      this.#pending.delete(pending);
      run();
    };
    const pending: Pending = { at: this.now() + delayMs, fire, timer: systemClock.setTimeout(fire, delayMs) };
    this.#pending.add(pending);
    return pending;
  }

  clearTimeout(timer: Timer): void {
    for (const pending of this.#pending) {
      if (pending !== timer) continue;
      systemClock.clearTimeout(pending.timer);
      this.#pending.delete(pending);
    }
  }

  defer(run: () => void): void {
    systemClock.defer(() => {
      this.beforeDeferred?.();
      run();
    });
  }

  /** Moves the clock ahead. Timers that are then due fire in the next loop turns, in the order of their times. */
  leap(ms: number): void {
    this.#aheadMs += ms;
    for (const pending of [...this.#pending].sort((one, other) => one.at - other.at)) {
      systemClock.clearTimeout(pending.timer);
      pending.timer = systemClock.setTimeout(pending.fire, Math.max(0, pending.at - this.now()));
    }
  }
}
