// The one timer over all sockets: marks without an answer, silence, closing deadlines. A timer per socket would make
// every actor's end scan them all (XState 5.33). Runs only while there are sockets; speaks only to those that are due.
import type { Clock, Timer } from "./clock.ts";
import type { Limits } from "./limits.ts";

/** Called once a round; answers whether there is still somebody to look after. */
export type Round = (now: number) => boolean;

export class Sweep {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #rounds: Round[];
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: Limits, rounds: Round[]) {
    this.#clock = clock;
    this.#intervalMs = limits.sweepIntervalMs;
    this.#rounds = rounds;
  }

  /** Goes on until no round has anything left to look after. */
  start(): void {
    this.#timer ??= this.#clock.setTimeout(() => this.#run(), this.#intervalMs);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    let busy = false;
    for (const round of this.#rounds) busy = round(now) || busy;
    if (busy) this.start();
  }
}
