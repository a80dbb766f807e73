// Shares the turns of Node's event loop out among what was deferred. Node runs all that waits for setImmediate before
// it looks at its sockets again: what many parts of the house defer at once would make one long turn of many short
// pieces. Here a turn that has taken its time leaves the rest to the next one, in the order in which it was deferred.

/** Node's setImmediate. */
export type Soon = (run: () => void) => { unref(): unknown };

export class LoopTurns {
  readonly #soon: Soon;
  readonly #now: () => number;
  readonly #turnMs: number;
  readonly #waiting: (() => void)[] = [];
  /** When the first piece of this turn began; monotonic, ms. */
  #startedAt: number | undefined;

  /**
   * @param now monotonic, ms.
   * @param turnMs so long a turn may take, microtasks included; one piece is always run.
   */
  constructor(soon: Soon, now: () => number, turnMs: number) {
    this.#soon = soon;
    this.#now = now;
    this.#turnMs = turnMs;
  }

  /** Runs after pending input, in the next turn of the loop or in one of those after it. */
  defer(run: () => void): void {
    this.#waiting.push(run);
    this.#soon(this.#runNext);
  }

  /** One for each piece: between two of them Node runs the microtasks of the first. */
  readonly #runNext = (): void => {
    if (this.#startedAt === undefined) {
      this.#startedAt = this.#now();
      // The first of the next turn, when there is one: all else is deferred after it.
      this.#soon(this.#begin).unref();
    } else if (this.#now() - this.#startedAt >= this.#turnMs) {
      this.#soon(this.#runNext);
      return;
    }
    this.#waiting.shift()?.();
  };

  readonly #begin = (): void => {
    this.#startedAt = undefined;
  };
}
