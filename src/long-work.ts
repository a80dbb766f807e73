// What takes long, one thing at a time: each is done in steps, a step in a turn of the loop, and where it was dear the
// next waits, so that those who ask for little have nearly all of the time. The first that comes after a while waits
// for nothing.
import type { Clock, Timer } from "./clock.ts";
import type { Limits } from "./limits.ts";

type WorkClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

/** Its steps, in their order. */
export type Work = readonly (() => void)[];

export class LongWork {
  readonly #clock: WorkClock;
  readonly #limits: Pick<Limits, "longWorkRests" | "longWorkRestMsMax">;
  readonly #waiting: Work[] = [];
  #isAtWork = false;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #rest: Timer | undefined;

  constructor(clock: WorkClock, limits: Pick<Limits, "longWorkRests" | "longWorkRestMsMax">) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How much has not begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** None of the steps is taken in this turn of the loop. */
  add(work: Work): void {
    this.#waiting.push(work);
    if (!this.#isAtWork) this.#goOn();
  }

  /** It is not done any more; false when it has begun, and goes on to its end. */
  cancel(work: Work): boolean {
    const index = this.#waiting.indexOf(work);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** What waits is not done any more, and no timer is left. */
  stop(): void {
    this.#waiting.length = 0;
    if (this.#rest === undefined) return;
    this.#clock.clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#isAtWork = false;
  }

  #goOn(): void {
    this.#isAtWork = this.#waiting.length > 0;
    if (!this.#isAtWork) return;
    const begin = (): void => {
      this.#rest = undefined;
      const work = this.#waiting.shift();
      if (work) this.#step(work, 0, 0);
      else this.#isAtWork = false;
    };
    const restMs = this.#restsUntil - this.#clock.now();
    if (restMs > 0) this.#rest = this.#clock.setTimeout(begin, restMs);
    else this.#clock.defer(begin);
  }

  #step(work: Work, index: number, spentBeforeMs: number): void {
    const startedAt = this.#clock.now();
    try {
      work[index]?.();
    } finally {
      const endedAt = this.#clock.now();
      const spentMs = spentBeforeMs + endedAt - startedAt;
      if (index + 1 < work.length) this.#clock.defer(() => this.#step(work, index + 1, spentMs));
      else {
        this.#restsUntil = endedAt + Math.min(this.#limits.longWorkRestMsMax, this.#limits.longWorkRests * spentMs);
        this.#goOn();
      }
    }
  }
}
