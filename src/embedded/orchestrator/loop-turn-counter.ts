// Counts the turns of the event loop while somebody looks: one deferred call in each of them, however many look.
import type { Clock } from "../../runtime/clock.ts";

export class LoopTurnCounter {
  readonly #clock: Pick<Clock, "defer">;
  #count = 0;
  #isDue = false;

  constructor(clock: Pick<Clock, "defer">) {
    this.#clock = clock;
  }

  /** Another number than before when the loop has turned since. */
  get current(): number {
    if (!this.#isDue) {
      this.#isDue = true;
      this.#clock.defer(() => {
        this.#isDue = false;
        this.#count++;
      });
    }
    return this.#count;
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.#clock.defer(resolve));
  }
}
