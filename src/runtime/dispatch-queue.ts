// A sliced queue of callbacks. They run later, in order, a bounded number per event-loop turn. A callback never runs
// inside the call that posted it, and what a callback posts runs in a later turn.
import type { Limits } from "../limits.ts";
import type { Clock } from "./clock.ts";
import { WorkSlice } from "./work-slice.ts";

export class DispatchQueue {
  readonly #clock: Pick<Clock, "now" | "defer">;
  readonly #limits: Pick<Limits, "deferredMsPerLoopTurn">;
  readonly #perLoopTurn: number;
  #waiting: (() => void)[] = [];
  #next = 0;

  /** @param perLoopTurn the most callbacks that run in one turn of the event loop. */
  constructor(clock: Pick<Clock, "now" | "defer">, limits: Pick<Limits, "deferredMsPerLoopTurn">, perLoopTurn: number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#perLoopTurn = perLoopTurn;
  }

  /** Runs the callback in a later turn of the event loop. It must not throw (an actor's `send` does not). */
  post(run: () => void): void {
    this.#waiting.push(run);
    if (this.#waiting.length === 1) this.#clock.defer(this.#runSome);
  }

  readonly #runSome = (): void => {
    const slice = new WorkSlice(this.#clock, this.#limits, this.#perLoopTurn);
    const { length } = this.#waiting;
    for (; this.#next < length && slice.takes(); this.#next++) this.#waiting[this.#next]?.();
    if (this.#next < this.#waiting.length) {
      this.#clock.defer(this.#runSome);
      return;
    }
    this.#waiting = [];
    this.#next = 0;
  };
}
