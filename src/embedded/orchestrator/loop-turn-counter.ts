// Counts event-loop turns while it is read, with at most one deferred call per turn.
import type { Clock } from "../../runtime/clock.ts";

export class LoopTurnCounter {
  readonly #clock: Pick<Clock, "defer">;
  #count = 0;
  #isDue = false;

  constructor(clock: Pick<Clock, "defer">) {
    this.#clock = clock;
  }

  /** Changes when the event loop has turned since the last read. */
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

  /** Resolves in the next turn of the event loop. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#clock.defer(resolve));
  }
}
