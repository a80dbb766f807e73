// Admits new connections: immediately while there is time in this event-loop turn, else in later turns, round-robin by
// account. An account is a token at an address. When connections of an account keep ending at once or being closed for
// misuse, its further ones wait, but those of other accounts do not. So a client that keeps reconnecting cannot keep
// the event loop busy.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

type QueueClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

/** A connection that asks for admission. One of the methods is called, once; none after withdraw or stop. */
export interface PendingUpgrade {
  takeIn(): void;
  /** Called when it has waited for handshakeMs. */
  turnAway(): void;
}

interface Account {
  /** Since when each waits (monotonic, ms), oldest first. */
  waiting: Map<PendingUpgrade, number>;
  /** Newest last; some of them no longer wait. */
  newest: PendingUpgrade[];
  /** When the account's short-lived connections are paid for; monotonic, ms. */
  paidAt: number;
}

/** Longest pause of an account, however many of its connections end at once. */
const cooldownMsMax = 1_000;
/**
 * When the oldest has waited longer than this, the queue is too long: the newest go first, so that some get in soon.
 */
const queueMsMax = 1_000;
/** How many entries of `newest` may be stale, beyond as many as wait. */
const goneKept = 16;
/** Shortest interval between two searches for idle accounts. */
const pruneMs = 1_000;

export class AdmissionQueue {
  readonly #clock: QueueClock;
  readonly #limits: Limits;
  readonly #accounts = new Map<string, Account>();
  /** Accounts with waiting connections, in the order of their turns. */
  readonly #turns: Account[] = [];
  #waiting = 0;
  /** Time spent on admissions in this turn of the loop. */
  #spentMs = 0;
  #isDeferred = false;
  #cooldown: Timer | undefined;
  #cooldownUntil = 0;
  #prunedAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(clock: QueueClock, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Connections that wait for admission. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Accounts that have something to pay or connections that wait. */
  get accounts(): number {
    return this.#accounts.size;
  }

  /** Admits or queues a connection. False when too many wait; then none of its methods is called. */
  admit(name: string, pending: PendingUpgrade): boolean {
    if (this.#isStopped || this.#waiting >= this.#limits.pendingUpgradesMax) return false;
    const known = this.#accounts.get(name);
    if (this.#waiting === 0 && this.#hasTime && (!known || this.#cooldownMs(known) === 0)) {
      this.#takeIn(pending);
      this.#defer();
      return true;
    }
    const account = known ?? this.#open(name);
    if (account.waiting.size === 0) this.#turns.push(account);
    account.waiting.set(pending, this.#clock.now());
    account.newest.push(pending);
    this.#waiting++;
    this.#goOnIn(this.#cooldownMs(account));
    return true;
  }

  /** Removes a connection from the queue. */
  withdraw(name: string, pending: PendingUpgrade): void {
    const account = this.#accounts.get(name);
    if (!account?.waiting.has(pending)) return;
    this.#drop(account, pending);
    if (account.waiting.size === 0) this.#turns.splice(this.#turns.indexOf(account), 1);
    if (this.#waiting === 0) this.#clearCooldown();
  }

  /** Charges the account for a short-lived connection. */
  penalise(name: string): void {
    const now = this.#clock.now();
    this.#prune(now);
    const account = this.#accounts.get(name) ?? this.#open(name);
    const latest = now + this.#freeMs + cooldownMsMax;
    account.paidAt = Math.min(latest, Math.max(account.paidAt, now) + 1_000 / this.#limits.shortLivedSocketsPerSecond);
  }

  /** Admits nothing further and leaves no timer. */
  stop(): void {
    this.#isStopped = true;
    this.#accounts.clear();
    this.#turns.length = 0;
    this.#waiting = 0;
    this.#clearCooldown();
  }

  get #hasTime(): boolean {
    return this.#spentMs < this.#limits.inputMsPerLoopTurn;
  }

  get #freeMs(): number {
    return (this.#limits.shortLivedSocketsBurst * 1_000) / this.#limits.shortLivedSocketsPerSecond;
  }

  #cooldownMs({ paidAt }: Account): number {
    return Math.max(0, paidAt - this.#freeMs - this.#clock.now());
  }

  #open(name: string): Account {
    const account = { waiting: new Map(), newest: [], paidAt: Number.NEGATIVE_INFINITY };
    this.#accounts.set(name, account);
    return account;
  }

  #prune(now: number): void {
    if (now - this.#prunedAt < pruneMs) return;
    this.#prunedAt = now;
    for (const [name, { waiting, paidAt }] of this.#accounts)
      if (waiting.size === 0 && paidAt <= now) this.#accounts.delete(name);
  }

  #takeIn(pending: PendingUpgrade): void {
    const startedAt = this.#clock.now();
    pending.takeIn();
    this.#spentMs += this.#clock.now() - startedAt;
  }

  /** Continues in the next turn of the loop, which has time again. */
  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(() => {
      this.#isDeferred = false;
      this.#round();
    });
  }

  #round(): void {
    this.#spentMs = 0;
    if (this.#waiting === 0) return;
    // While there is time and at least one account is not paused.
    for (let paused = 0; paused < this.#turns.length && this.#hasTime; ) {
      const account = this.#turns.shift();
      if (!account) break;
      if (this.#cooldownMs(account) > 0) {
        this.#turns.push(account);
        paused++;
        continue;
      }
      const next = this.#next(account);
      if (account.waiting.size > 0) this.#turns.push(account);
      if (next) this.#takeIn(next);
      paused = 0;
    }
    if (this.#waiting > 0) this.#goOnIn(Math.min(...this.#turns.map((account) => this.#cooldownMs(account))));
    // The next turn resets the time spent.
    else this.#defer();
  }

  #next(account: Account): PendingUpgrade | undefined {
    const { waiting } = account;
    const now = this.#clock.now();
    let next: PendingUpgrade | undefined;
    for (const [pending, since] of waiting) {
      if (now - since < this.#limits.handshakeMs) {
        next = now - since > queueMsMax ? newestOf(account) : pending;
        break;
      }
      this.#drop(account, pending);
      pending.turnAway();
    }
    if (next) this.#drop(account, next);
    return next;
  }

  #drop(account: Account, pending: PendingUpgrade): void {
    const { waiting, newest } = account;
    waiting.delete(pending);
    this.#waiting--;
    if (newest.length > 2 * waiting.size + goneKept) account.newest = [...waiting.keys()];
  }

  #goOnIn(cooldownMs: number): void {
    if (cooldownMs === 0) {
      this.#defer();
      return;
    }
    const until = this.#clock.now() + cooldownMs;
    if (this.#cooldown !== undefined && this.#cooldownUntil <= until) return;
    this.#clock.clearTimeout(this.#cooldown);
    this.#cooldownUntil = until;
    this.#cooldown = this.#clock.setTimeout(() => {
      this.#cooldown = undefined;
      this.#round();
    }, cooldownMs);
  }

  #clearCooldown(): void {
    this.#clock.clearTimeout(this.#cooldown);
    this.#cooldown = undefined;
  }
}

function newestOf({ waiting, newest }: Account): PendingUpgrade | undefined {
  for (;;) {
    const last = newest.pop();
    if (!last || waiting.has(last)) return last;
  }
}
