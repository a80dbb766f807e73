// Facts on their way up, from the data plane to the actors: delivered in order, after the write loop that found them
// and never inside it, a bounded number in one loop turn.
import type { Clock } from "./clock.ts";
import type { Limits } from "./limits.ts";

export class Facts {
  readonly #clock: Clock;
  readonly #perLoopTurn: number;
  #waiting: (() => void)[] = [];
  #next = 0;
  #scheduled = false;

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock;
    this.#perLoopTurn = limits.factsPerLoopTurn;
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
    const until = Math.min(this.#waiting.length, this.#next + this.#perLoopTurn);
    for (; this.#next < until; this.#next++) this.#waiting[this.#next]?.();
    if (this.#next < this.#waiting.length) {
      this.#schedule();
      return;
    }
    this.#waiting = [];
    this.#next = 0;
  }
}
