// Limits how fast one client may send requests, over its socket or over HTTP, with two token buckets. Commands cause
// work. Reads (subscriptions, pings and invalid messages included) cost next to nothing.
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Clock } from "../runtime/clock.ts";

export type RequestKind = "command" | "read";

/** How many commands a command of this size counts as. */
export const countOf = (bytes: number, { bytesPerCommand, commandsPerMessageMax, commandsBurst }: Limits): number =>
  Math.min(1 + Math.floor(bytes / bytesPerCommand), commandsPerMessageMax, commandsBurst);

class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #refusalsMax: number;
  #left: number;
  #countedAt: number;
  /** Requests refused since the bucket was last full, less those accepted meanwhile. */
  #refused = 0;

  constructor(burst: number, perSecond: number, { commandRefusalsMax }: Limits, now: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#refusalsMax = commandRefusalsMax;
    this.#left = burst;
    this.#countedAt = now;
  }

  get floods(): boolean {
    return this.#refused > this.#refusalsMax;
  }

  isFull(now: number): boolean {
    this.#fill(now);
    return this.#left === this.#burst;
  }

  take(now: number, count: number): number {
    this.#fill(now);
    if (this.#left === this.#burst) this.#refused = 0;
    if (this.#left >= count) {
      this.#left -= count;
      // A client that waits as told and is slightly early now and then must not count as a flood.
      this.#refused = Math.max(0, this.#refused - 1);
      return 0;
    }
    this.#refused += count;
    return Math.ceil(((count - this.#left) * 1_000) / this.#perSecond);
  }

  #fill(now: number): void {
    const sinceMs = Math.max(0, now - this.#countedAt);
    this.#left = Math.min(this.#burst, this.#left + (sinceMs * this.#perSecond) / 1_000);
    this.#countedAt += sinceMs;
  }
}

/** The two buckets of one client, each created on its first use. */
export class RateLimiter {
  readonly #limits: Limits;
  #commands: TokenBucket | undefined;
  #reads: TokenBucket | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Takes one request. Returns 0 when it may be carried out, else the milliseconds to wait.
   * @param bytes size of a command; a long one counts as several.
   * @param now monotonic, ms.
   */
  take(kind: RequestKind, bytes: number, now: number): number {
    const { commandsBurst, commandsPerSecond, readsBurst, readsPerSecond } = this.#limits;
    if (kind === "read") {
      this.#reads ??= new TokenBucket(readsBurst, readsPerSecond, this.#limits, now);
      return this.#reads.take(now, 1);
    }
    this.#commands ??= new TokenBucket(commandsBurst, commandsPerSecond, this.#limits, now);
    return this.#commands.take(now, countOf(bytes, this.#limits));
  }

  /** Has the client kept sending requests although it was told to wait, more than commandRefusalsMax times? */
  get floods(): boolean {
    return this.#commands?.floods === true || this.#reads?.floods === true;
  }

  /** Are both buckets full, so that a new limiter would behave the same? */
  isIdle(now: number): boolean {
    return (this.#commands?.isFull(now) ?? true) && (this.#reads?.isFull(now) ?? true);
  }
}

/** The key of one token at one network. Its HTTP requests share a limiter and its new connections a queue. */
export const accountOf = ({ name }: Identity, network: string): string => `${name} ${network}`;

/** Shortest interval between two searches for idle accounts. */
const pruneMs = 1_000;

/** The limiters of HTTP clients, which have no socket: one per token and network. */
export class AccountRates {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Limits;
  readonly #accounts = new Map<string, RateLimiter>();
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "now">, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many accounts are known. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Like RateLimiter.take. */
  take(account: string, kind: RequestKind, bytes: number): number {
    const now = this.#clock.now();
    this.#prune(now);
    const limiter = this.#accounts.get(account) ?? new RateLimiter(this.#limits);
    this.#accounts.set(account, limiter);
    return limiter.take(kind, bytes, now);
  }

  /** Like RateLimiter.floods. */
  floods(account: string): boolean {
    return this.#accounts.get(account)?.floods === true;
  }

  #prune(now: number): void {
    if (now - this.#prunedAt < pruneMs) return;
    this.#prunedAt = now;
    for (const [account, limiter] of this.#accounts) if (limiter.isIdle(now)) this.#accounts.delete(account);
  }
}
