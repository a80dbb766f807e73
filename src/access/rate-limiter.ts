// How fast one socket may ask: a bucket of requests that fills steadily (token bucket). Knows nothing of sockets.
import type { Limits } from "../limits.ts";

export interface RateBounds {
  burst: number;
  perSecond: number;
  /** So often it may go on against a refusal. */
  refusalsMax: number;
}

/** For how many a request of so many bytes counts. */
export const countOf = (bytes: number, { bytesPerCommand, commandsPerMessageMax, commandsBurst }: Limits): number =>
  Math.min(1 + Math.floor(bytes / bytesPerCommand), commandsPerMessageMax, commandsBurst);

/** Of requests that make somebody work. */
export const commandBounds = (limits: Limits): RateBounds => ({
  burst: limits.commandsBurst,
  perSecond: limits.commandsPerSecond,
  refusalsMax: limits.commandRefusalsMax,
});

/** Of those by which a client only looks: one that comes back takes up all its subscriptions at once. */
export const readBounds = (limits: Limits): RateBounds => ({
  burst: limits.readsBurst,
  perSecond: limits.readsPerSecond,
  refusalsMax: limits.commandRefusalsMax,
});

export class TokenBucket {
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

  /**
   * Takes one request: 0 when it may be carried out, else after how many milliseconds it may.
   * @param count for how many it counts; no more than burst.
   */
  take(now: number, count = 1): number {
    const { burst, perSecond } = this.#bounds;
    const sinceMs = Math.max(0, now - this.#countedAt);
    this.#left = Math.min(burst, this.#left + (sinceMs * perSecond) / 1_000);
    this.#countedAt += sinceMs;
    if (this.#left === burst) this.#refused = 0;
    if (this.#left >= count) {
      this.#left -= count;
      // Who waits as it is told, and is a little early now and then, is no flood.
      this.#refused = Math.max(0, this.#refused - 1);
      return 0;
    }
    this.#refused += count;
    return Math.ceil(((count - this.#left) * 1_000) / perSecond);
  }

  /** It goes on asking although it was told to wait, again and again. */
  get isFlood(): boolean {
    return this.#refused > this.#bounds.refusalsMax;
  }
}
