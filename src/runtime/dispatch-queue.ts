// Facts on their way up, from the data plane to the actors: delivered in order, after the write loop that found them
// and never inside it, a bounded number in one loop turn.

import type { Limits } from "../limits.ts";
import type { Clock } from "./clock.ts";
import { WorkSlice } from "./work-slice.ts";

export class DispatchQueue {
  readonly #clock: Clock;
  readonly #limits: Limits;
  #waiting: (() => void)[] = [];
  #next = 0;
  #scheduled = false;

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Delivers the fact in a coming loop turn; deliver must not throw (an actor's send does not). */
  post(deliver: () => void): void {
    this.#waiting.push(deliver);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.defer(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    const slice = new WorkSlice(this.#clock, this.#limits, this.#limits.dispatchesPerLoopTurn);
    const { length } = this.#waiting;
    for (; this.#next < length && slice.takes(); this.#next++) this.#waiting[this.#next]?.();
    if (this.#next < this.#waiting.length) {
      this.#schedule();
      return;
    }
    this.#waiting = [];
    this.#next = 0;
  }
}
