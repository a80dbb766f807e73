// The one timer over all sockets: marks without an answer, silence, closing deadlines. A timer per socket would make
// every actor's end scan them all (XState 5.33). Runs only while there are sockets; speaks only to those that are due.

import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "./clock.ts";

/** Called once a round; answers whether there is still somebody to look after. */
export type Round = (now: number) => boolean;

export class Sweep {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #rounds: Round[];
  #timer: Timer | undefined;
  #dueAt = 0;
  /** The last round was put off. */
  #putOff = false;

  constructor(clock: Clock, limits: Limits, rounds: Round[]) {
    this.#clock = clock;
    this.#intervalMs = limits.sweepIntervalMs;
    this.#rounds = rounds;
  }

  /** Goes on until no round has anything left to look after. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#dueAt = this.#clock.now() + this.#intervalMs;
    this.#timer = this.#clock.setTimeout(() => this.#run(), this.#intervalMs);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    // A round that comes late says that the process was held or the machine asleep. Timers fire before what has come in
    // meanwhile is read: the pongs that lie there are waited for, once, before anybody is judged.
    this.#putOff = !this.#putOff && now - this.#dueAt > this.#intervalMs;
    if (this.#putOff) {
      this.start();
      return;
    }
    let busy = false;
    for (const round of this.#rounds) busy = round(now) || busy;
    if (busy) this.start();
  }
}
