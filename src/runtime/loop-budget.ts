// Shares the turns of Node's event loop out among what was deferred. Node runs all that waits for setImmediate before
// it looks at its sockets again: what many parts of the house defer at once would make one long turn of many short
// pieces. Here a turn that has taken its time leaves the rest to the next one, in the order in which it was deferred;
// but nothing is left for long: else who keeps the loop busy in its other phases would keep all of this waiting.

export interface LoopBudgetOptions {
  /** Node's setImmediate. */
  soon(run: () => void): unknown;
  /** Monotonic, ms. */
  now(): number;
  /** Which turn of the loop it is; another number in each. */
  turn(): number;
  /** So long a turn may take, microtasks included; one piece is always run … */
  turnMs: number;
  /** … and all that have waited for so long. */
  waitMsMax: number;
}

interface Deferred {
  run(): void;
  /** Monotonic, ms. */
  at: number;
}

export class LoopBudget {
  readonly #options: LoopBudgetOptions;
  readonly #waiting: Deferred[] = [];
  #turn = Number.NaN;
  /** When the first piece of this turn began; monotonic, ms. */
  #startedAt = 0;

  constructor(options: LoopBudgetOptions) {
    this.#options = options;
  }

  /** Runs after pending input, in the next turn of the loop or in one of those after it. */
  defer(run: () => void): void {
    this.#waiting.push({ run, at: this.#options.now() });
    this.#options.soon(this.#runNext);
  }

  /** One for each piece: between two of them Node runs the microtasks of the first. */
  readonly #runNext = (): void => {
    const { soon, turn, turnMs, waitMsMax } = this.#options;
    const [next] = this.#waiting;
    if (!next) return;
    const present = turn();
    const now = this.#options.now();
    if (present !== this.#turn) {
      this.#turn = present;
      this.#startedAt = now;
    } else if (now - this.#startedAt >= turnMs && now - next.at < waitMsMax) {
      soon(this.#runNext);
      return;
    }
    this.#waiting.shift();
    next.run();
  };
}
