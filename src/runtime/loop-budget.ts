// Limits how much deferred work runs in one turn of Node's event loop. Node runs every pending setImmediate callback
// before it polls its sockets again, so many short callbacks deferred at once would make one long turn. Here a turn
// that has used up its time leaves the rest to the next turn, in order. A callback that has waited for waitMsMax runs
// anyway, because otherwise work in the loop's other phases could delay it without end.

export interface LoopBudgetOptions {
  /** Node's setImmediate. */
  soon(run: () => void): unknown;
  /** Monotonic, ms. */
  now(): number;
  /** A number that differs in each turn of the loop. */
  turn(): number;
  /** Time for deferred work in one turn, microtasks included. At least one callback runs in each turn. */
  turnMs: number;
  /** Callbacks that have waited this long run even when the turn's time is used up. */
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
  /** When the first callback of this turn began; monotonic, ms. */
  #startedAt = 0;

  constructor(options: LoopBudgetOptions) {
    this.#options = options;
  }

  /** Runs the callback after pending input, in the next turn of the loop or a later one. */
  defer(run: () => void): void {
    this.#waiting.push({ run, at: this.#options.now() });
    this.#options.soon(this.#runNext);
  }

  /** One setImmediate per callback, so that Node runs the microtasks of each before the next. */
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
