// Bounds how many items of a long list are handled in one turn of the event loop. A slice ends after a maximum number
// of items. It ends earlier when limits.deferredMsPerLoopTurn is used up, but not before a quarter of that number. Time
// counts because the cost per item varies: a write to a socket takes 10 µs, or 75 µs while its peer keeps the other
// core busy.
import type { Limits } from "../limits.ts";
import type { Clock } from "./clock.ts";

const leastPart = 0.25;

export class WorkSlice {
  readonly #clock: Pick<Clock, "now">;
  readonly #until: number;
  readonly #most: number;
  readonly #least: number;
  #taken = 0;

  /** @param most the largest number of items. */
  constructor(clock: Pick<Clock, "now">, limits: Pick<Limits, "deferredMsPerLoopTurn">, most: number) {
    this.#clock = clock;
    this.#until = clock.now() + limits.deferredMsPerLoopTurn;
    this.#most = most;
    this.#least = Math.ceil(most * leastPart);
  }

  /** May one more item be handled? Counts it if so. */
  takes(): boolean {
    if (this.#taken >= this.#most) return false;
    if (this.#taken >= this.#least && this.#clock.now() >= this.#until) return false;
    this.#taken++;
    return true;
  }
}
