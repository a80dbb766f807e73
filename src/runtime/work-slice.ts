// How much of something that concerns many is done in one go: for so many of them, and after a quarter of them for no
// more once the time that deferred work has in a turn of the loop is over. What each costs is not the same from one
// moment to the next: a write to a socket takes 10 µs, and 75 where its peer keeps the other core busy.

import type { Limits } from "../limits.ts";
import type { Clock } from "./clock.ts";

const leastPart = 0.25;

export class WorkSlice {
  readonly #clock: Pick<Clock, "now">;
  readonly #until: number;
  readonly #most: number;
  readonly #least: number;
  #taken = 0;

  /** @param most of so many, should there be time. */
  constructor(clock: Pick<Clock, "now">, limits: Pick<Limits, "deferredMsPerLoopTurn">, most: number) {
    this.#clock = clock;
    this.#until = clock.now() + limits.deferredMsPerLoopTurn;
    this.#most = most;
    this.#least = Math.ceil(most * leastPart);
  }

  /** May one more be done? */
  takes(): boolean {
    if (this.#taken >= this.#most) return false;
    if (this.#taken >= this.#least && this.#clock.now() >= this.#until) return false;
    this.#taken++;
    return true;
  }
}
