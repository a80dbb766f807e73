// How often actors have failed lately.
import type { Clock } from "../runtime/clock.ts";

/** So many defects within a minute are more than bad luck. Each has been logged with its error. */
const defectsMax = 10;
const windowMs = 60_000;

export class DefectRate {
  readonly #clock: Pick<Clock, "now">;
  /** When the latest defects came, at most defectsMax of them. Monotonic, ms. */
  #times: number[] = [];

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  note(): void {
    this.#times = [...this.#times, this.#clock.now()].slice(-defectsMax);
  }

  /** Would one more defect now be more than defectsMax within a minute? */
  get isHighWithNext(): boolean {
    const [first] = this.#times;
    return this.#times.length === defectsMax && first !== undefined && this.#clock.now() - first < windowMs;
  }
}
