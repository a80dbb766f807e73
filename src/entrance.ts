// Takes newcomers in: one at once where there is time, and the rest in the next turns of the loop, in their order. Who
// has come in vain (left again at once, or was turned away or thrown out) is let be now and then; when that happens
// all the time, those who come next wait a little, so that who only comes and goes does not keep the loop busy.
import type { Clock, Timer } from "./clock.ts";
import type { Limits } from "./limits.ts";

type EntranceClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

const restMsMax = 1_000;

export class Entrance {
  readonly #clock: EntranceClock;
  readonly #limits: Limits;
  #waiting: (() => void)[] = [];
  /** How many of those have been taken in: an array that is shifted copies itself. */
  #taken = 0;
  /** In this turn of the loop. */
  #spentMs = 0;
  #isDeferred = false;
  #rest: Timer | undefined;
  /** What has come in vain is paid for by then; monotonic, ms. */
  #paidAt = Number.NEGATIVE_INFINITY;

  constructor(clock: EntranceClock, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many wait to be taken in. */
  get waiting(): number {
    return this.#waiting.length - this.#taken;
  }

  /** Calls back to take a newcomer in, now or soon. False when too many wait: then it does not. */
  admit(takeIn: () => void): boolean {
    if (this.waiting >= this.#limits.newcomersWaitingMax) return false;
    if (this.waiting === 0 && this.#spentMs < this.#limits.inputMsPerLoopTurn && this.#restMs === 0) {
      this.#takeIn(takeIn);
      this.#defer();
    } else {
      this.#waiting.push(takeIn);
      this.#goOn();
    }
    return true;
  }

  /** One who was taken in has come in vain. */
  vain(): void {
    const now = this.#clock.now();
    const { vainNewcomersBurst, vainNewcomersPerSecond } = this.#limits;
    const payMs = 1_000 / vainNewcomersPerSecond;
    // When many leave at once, those who come next wait for a second and no longer.
    const latest = now + vainNewcomersBurst * payMs + restMsMax;
    this.#paidAt = Math.min(latest, Math.max(this.#paidAt, now) + payMs);
  }

  /** Nobody is taken in any more, and no timer is left. */
  stop(): void {
    this.#waiting = [];
    this.#taken = 0;
    this.#clock.clearTimeout(this.#rest);
    this.#rest = undefined;
  }

  get #restMs(): number {
    const { vainNewcomersBurst, vainNewcomersPerSecond } = this.#limits;
    const freeMs = (vainNewcomersBurst * 1_000) / vainNewcomersPerSecond;
    return Math.max(0, this.#paidAt - freeMs - this.#clock.now());
  }

  #takeIn(takeIn: () => void): void {
    const startedAt = this.#clock.now();
    takeIn();
    this.#spentMs += this.#clock.now() - startedAt;
  }

  /** In the next turn of the loop there is time again. */
  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(() => {
      this.#isDeferred = false;
      this.#spentMs = 0;
      if (this.waiting > 0) this.#round();
    });
  }

  #goOn(): void {
    const restMs = this.#restMs;
    if (restMs === 0) this.#defer();
    else
      this.#rest ??= this.#clock.setTimeout(() => {
        this.#rest = undefined;
        this.#spentMs = 0;
        this.#round();
      }, restMs);
  }

  #round(): void {
    const { inputMsPerLoopTurn } = this.#limits;
    while (this.waiting > 0 && this.#spentMs < inputMsPerLoopTurn && this.#restMs === 0) {
      const next = this.#waiting[this.#taken++];
      if (next) this.#takeIn(next);
    }
    if (this.waiting > 0) this.#goOn();
    else {
      this.#waiting = [];
      this.#taken = 0;
      // What was spent is forgotten in the next turn.
      this.#defer();
    }
  }
}
