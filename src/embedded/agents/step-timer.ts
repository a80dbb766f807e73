// Times one step: until its first token, and from its first token to its last. Must never read any clock but its own.
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

  /** Restarts the measurement: a retried request is timed by the attempt that succeeded. */
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

  /** Whole milliseconds. Without a token there is only the total. */
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
