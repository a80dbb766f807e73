// The one timer for the deadlines of all sockets: unanswered pings, silence and closing. With one XState delay per
// socket, the end of any actor would scan them all (XState 5.33). The timer runs only while there are sockets.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "./clock.ts";

/** Called once per interval with clock.now. Returns whether there is still something to check. */
export type Round = (now: number) => boolean;

export class Sweep {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #rounds: Round[];
  #timer: Timer | undefined;
  #dueAt = 0;
  /** The last round was postponed. */
  #isPostponed = false;

  constructor(clock: Clock, limits: Limits, rounds: Round[]) {
    this.#clock = clock;
    this.#intervalMs = limits.sweepIntervalMs;
    this.#rounds = rounds;
  }

  /** Runs until no round has anything left to check. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#dueAt = this.#clock.now() + this.#intervalMs;
    this.#timer = this.#clock.setTimeout(() => this.#run(), this.#intervalMs);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    // A late round means that the process was blocked or the machine asleep. Timers fire before pending input is read,
    // so a late round is postponed once: the pongs already received are read before any socket is judged.
    this.#isPostponed = !this.#isPostponed && now - this.#dueAt > this.#intervalMs;
    if (this.#isPostponed) {
      this.start();
      return;
    }
    let busy = false;
    for (const round of this.#rounds) busy = round(now) || busy;
    if (busy) this.start();
  }
}
