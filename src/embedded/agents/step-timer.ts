// The figures of one step: when its first token came, how long its tokens took. Only ever reads the clock it was given.
import type { Clock } from "../../runtime/clock.ts";

export interface StepTimings {
  ttftMs?: number;
  decodeMs?: number;
  genTotalMs: number;
}

export class StepTimer {
  readonly #clock: Clock;
  #begunAt: number;
  #firstTokenAt: number | undefined;
  #lastTokenAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begunAt = clock.now();
  }

  /** Counts from now: a request that is tried again is measured by the try that succeeded. */
  begin(): void {
    this.#begunAt = this.#clock.now();
    this.#firstTokenAt = undefined;
  }

  token(): void {
    this.#lastTokenAt = this.#clock.now();
    this.#firstTokenAt ??= this.#lastTokenAt;
  }

  get hasToken(): boolean {
    return this.#firstTokenAt !== undefined;
  }

  /** Whole milliseconds; without a token there is only the total. */
  timings(): StepTimings {
    const genTotalMs = Math.round(this.#clock.now() - this.#begunAt);
    if (this.#firstTokenAt === undefined) return { genTotalMs };
    return {
      ttftMs: Math.round(this.#firstTokenAt - this.#begunAt),
      decodeMs: Math.round(this.#lastTokenAt - this.#firstTokenAt),
      genTotalMs,
    };
  }
}
