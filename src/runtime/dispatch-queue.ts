// A sliced queue: callbacks that run later, in order, a bounded number in one turn of the event loop. A callback is
// never run inside the loop that posted it, and one that posts again waits for its next turn.
import type { Limits } from "../limits.ts";
import type { Clock } from "./clock.ts";
import { WorkSlice } from "./work-slice.ts";

export class DispatchQueue {
  readonly #clock: Pick<Clock, "now" | "defer">;
  readonly #limits: Pick<Limits, "deferredMsPerLoopTurn">;
  readonly #perLoopTurn: number;
  #waiting: (() => void)[] = [];
  #next = 0;

  /** @param perLoopTurn at most so many callbacks run in one turn of the loop. */
  constructor(clock: Pick<Clock, "now" | "defer">, limits: Pick<Limits, "deferredMsPerLoopTurn">, perLoopTurn: number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#perLoopTurn = perLoopTurn;
  }

  /** Runs the callback in a coming turn of the loop; it must not throw (an actor's send does not). */
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
