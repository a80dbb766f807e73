// Takes newcomers in: at once where there is time, and else in the next turns of the loop, each account in its turn. An
// account is a token at an address. When newcomers of one come in vain all the time (gone again at once, or thrown out)
// its others wait, and nobody else: so who only comes and goes does not keep the loop busy.

import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "../runtime/clock.ts";

type QueueClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

/** Who wants to come in: one of the two is called, once; at once, later, or when it is withdrawn or all stops never. */
export interface PendingUpgrade {
  takeIn(): void;
  /** It has waited for handshakeMs. */
  turnAway(): void;
}

interface Account {
  /** Since when each waits, the oldest first. */
  waiting: Map<PendingUpgrade, number>;
  /** The newest last; some wait no more. */
  newest: PendingUpgrade[];
  /** What has come in vain is paid for by then; monotonic, ms. */
  paidAt: number;
}

/** When many leave at once, those who come next wait no longer than this. */
const cooldownMsMax = 1_000;
/** Where the first waits for longer than this there are too many: then the newest are first, and some get in soon. */
const queueMsMax = 1_000;
/** Of those who wait no more so many may be remembered, beside as many as wait. */
const goneKept = 16;
/** Accounts that owe nothing are looked for no more often. */
const pruneMs = 1_000;

export class AdmissionQueue {
  readonly #clock: QueueClock;
  readonly #limits: Limits;
  readonly #accounts = new Map<string, Account>();
  /** Those of whom somebody waits, in their turn. */
  readonly #turns: Account[] = [];
  #waiting = 0;
  /** In this turn of the loop. */
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

  /** How many wait to be taken in. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many accounts are known: they owe, or somebody of them waits. */
  get accounts(): number {
    return this.#accounts.size;
  }

  /** False when too many wait: then nothing of the newcomer is called. */
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

  /** It waits no more. */
  withdraw(name: string, pending: PendingUpgrade): void {
    const account = this.#accounts.get(name);
    if (!account?.waiting.has(pending)) return;
    this.#drop(account, pending);
    if (account.waiting.size === 0) this.#turns.splice(this.#turns.indexOf(account), 1);
    if (this.#waiting === 0) this.#forgetRest();
  }

  /** One of the account who was taken in has come in vain. */
  penalise(name: string): void {
    const now = this.#clock.now();
    this.#prune(now);
    const account = this.#accounts.get(name) ?? this.#open(name);
    const latest = now + this.#freeMs + cooldownMsMax;
    account.paidAt = Math.min(latest, Math.max(account.paidAt, now) + 1_000 / this.#limits.shortLivedSocketsPerSecond);
  }

  /** Nobody is taken in any more, and no timer is left. */
  stop(): void {
    this.#isStopped = true;
    this.#accounts.clear();
    this.#turns.length = 0;
    this.#waiting = 0;
    this.#forgetRest();
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

  /** In the next turn of the loop there is time again. */
  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(() => {
      this.#isDeferred = false;
      this.#spentMs = 0;
      if (this.#waiting > 0) this.#round();
    });
  }

  #round(): void {
    // As long as there is time, and one of them has not to rest.
    for (let resting = 0; resting < this.#turns.length && this.#hasTime; ) {
      const account = this.#turns.shift();
      if (!account) break;
      if (this.#cooldownMs(account) > 0) {
        this.#turns.push(account);
        resting++;
        continue;
      }
      const next = this.#next(account);
      if (account.waiting.size > 0) this.#turns.push(account);
      if (next) this.#takeIn(next);
      resting = 0;
    }
    if (this.#waiting > 0) this.#goOnIn(Math.min(...this.#turns.map((account) => this.#cooldownMs(account))));
    // What was spent is forgotten in the next turn.
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
      this.#spentMs = 0;
      if (this.#waiting > 0) this.#round();
    }, cooldownMs);
  }

  #forgetRest(): void {
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
