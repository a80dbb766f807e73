// How fast one socket may ask: a bucket of requests that fills steadily (token bucket). Knows nothing of sockets.
import type { Limits } from "./limits.ts";

export interface RateBounds {
  burst: number;
  perSecond: number;
  /** So often it may go on against a refusal. */
  refusalsMax: number;
}

/** Of requests that make somebody work. */
export const commandBounds = (limits: Limits): RateBounds => ({
  burst: limits.commandsBurst,
  perSecond: limits.commandsPerSecond,
  refusalsMax: limits.commandRefusalsMax,
});

/** Of those by which a client only looks: one that comes back takes up all its subscriptions at once. */
export const lookBounds = (limits: Limits): RateBounds => ({
  burst: limits.looksBurst,
  perSecond: limits.looksPerSecond,
  refusalsMax: limits.commandRefusalsMax,
});

export class CommandRate {
  readonly #bounds: RateBounds;
  #left: number;
  #countedAt: number;
  /** Since the bucket was full. */
  #refused = 0;

  constructor(bounds: RateBounds, now: number) {
    this.#bounds = bounds;
    this.#left = bounds.burst;
    this.#countedAt = now;
  }

  /** Takes one request: 0 when it may be carried out, else after how many milliseconds the next one may. */
  take(now: number): number {
    const { burst, perSecond } = this.#bounds;
    this.#left = Math.min(burst, this.#left + ((now - this.#countedAt) * perSecond) / 1_000);
    this.#countedAt = now;
    if (this.#left === burst) this.#refused = 0;
    if (this.#left >= 1) {
      this.#left--;
      // Who waits as it is told, and is a little early now and then, is no flood.
      this.#refused = Math.max(0, this.#refused - 1);
      return 0;
    }
    this.#refused++;
    return Math.ceil(((1 - this.#left) * 1_000) / perSecond);
  }

  /** It goes on asking although it was told to wait, again and again. */
  get isFlood(): boolean {
    return this.#refused > this.#bounds.refusalsMax;
  }
}
