// Runs long jobs one at a time, round-robin by owner. A job runs in steps, one per event-loop turn. A pause in
// proportion to its duration follows, so that light requests keep nearly all of the time. A job that arrives after that
// pause starts at once.
import type { Limits } from "../limits.ts";
import type { Clock, Timer } from "./clock.ts";

type WorkClock = Pick<Clock, "now" | "defer" | "setTimeout" | "clearTimeout">;

export interface Job {
  /** Run in order, one per event-loop turn. */
  readonly steps: readonly (() => void)[];
  /** Owners take turns, compared by identity. */
  readonly owner: unknown;
  /** Memory that the job holds while it waits. */
  readonly bytes: number;
}

type Bounds = Pick<Limits, "longMessageCooldown" | "longMessageCooldownMsMax" | "longMessageWaitMsMax">;

export class FairJobQueue {
  readonly #clock: WorkClock;
  readonly #limits: Bounds;
  readonly #isAlone: () => boolean;
  /** By owner; the owner whose turn is next comes first. */
  readonly #queues = new Map<unknown, Job[]>();
  #waiting = 0;
  #bytes = 0;
  #isAtWork = false;
  #isStopped = false;
  #cooldownUntil = Number.NEGATIVE_INFINITY;
  #cooldown: Timer | undefined;

  /** @param isAlone true while jobs delay nobody else; then there is no pause between them. */
  constructor(clock: WorkClock, limits: Bounds, isAlone: () => boolean = () => false) {
    this.#clock = clock;
    this.#limits = limits;
    this.#isAlone = isAlone;
  }

  /** Jobs that have not begun. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Memory held by the jobs that have not begun. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a job; its first step runs in a later turn of the loop. Does nothing after stop. */
  add(work: Job): void {
    if (this.#isStopped) return;
    const queue = this.#queues.get(work.owner);
    if (queue) queue.push(work);
    else this.#queues.set(work.owner, [work]);
    this.#waiting++;
    this.#bytes += work.bytes;
    if (!this.#isAtWork) this.#goOn();
  }

  /**
   * Adds a job. @returns resolves after its steps, in a loop turn of its own, or rejects with what a step throws; after
   * stop it never settles.
   */
  run(owner: unknown, bytes: number, steps: readonly (() => void)[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const guarded = steps.map((step) => () => {
        try {
          step();
        } catch (error) {
          reject(error);
        }
      });
      this.add({ owner, bytes, steps: [...guarded, resolve] });
    });
  }

  /** Removes a waiting job. False when it has already begun; then it runs to its end. */
  cancel(work: Job): boolean {
    const queue = this.#queues.get(work.owner) ?? [];
    const index = queue.indexOf(work);
    if (index < 0) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.#queues.delete(work.owner);
    this.#removed(work);
    return true;
  }

  /** Drops the waiting jobs and the timer. */
  stop(): void {
    this.#isStopped = true;
    this.#queues.clear();
    this.#waiting = 0;
    this.#bytes = 0;
    this.#clock.clearTimeout(this.#cooldown);
  }

  #removed({ bytes }: Job): void {
    this.#waiting--;
    this.#bytes -= bytes;
  }

  #next(): Job | undefined {
    for (const [owner, queue] of this.#queues) {
      const work = queue.shift();
      // The owner's next job comes after those of the others.
      this.#queues.delete(owner);
      if (queue.length > 0) this.#queues.set(owner, queue);
      if (!work) continue;
      this.#removed(work);
      return work;
    }
    return undefined;
  }

  #goOn(): void {
    this.#isAtWork = this.#waiting > 0;
    if (!this.#isAtWork) return;
    const begin = (): void => {
      const work = this.#next();
      if (work) this.#step(work, 0, 0);
      else this.#isAtWork = false;
    };
    const cooldownMs = this.#cooldownUntil - this.#clock.now();
    if (cooldownMs > 0) this.#cooldown = this.#clock.setTimeout(begin, cooldownMs);
    else this.#clock.defer(begin);
  }

  #step(work: Job, index: number, spentBeforeMs: number): void {
    const startedAt = this.#clock.now();
    try {
      work.steps[index]?.();
    } finally {
      const spentMs = spentBeforeMs + this.#clock.now() - startedAt;
      if (index + 1 < work.steps.length) this.#clock.defer(() => this.#step(work, index + 1, spentMs));
      else this.#end(spentMs);
    }
  }

  #end(spentMs: number): void {
    const { longMessageCooldown, longMessageCooldownMsMax, longMessageWaitMsMax } = this.#limits;
    // The more jobs wait, the shorter the pause, so that none waits for ever.
    const cooldownMs = Math.min(
      longMessageCooldownMsMax,
      longMessageCooldown * spentMs,
      longMessageWaitMsMax / Math.max(1, this.#waiting),
    );
    this.#cooldownUntil = this.#clock.now() + (this.#isAlone() ? 0 : cooldownMs);
    this.#goOn();
  }
}
