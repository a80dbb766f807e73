// Commits units of writes: appended units together once per event-loop turn, attempted units at once. Must never lose a
// unit that can succeed, reorder units, or let a unit that can never succeed block the others.
import type { Limits } from "../../limits.ts";
import { errorMessage } from "../../ports/guard.ts";
import type { Logger } from "../../ports/logger.ts";
import { StoreError, type Write } from "../../ports/store.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { type ApplyWrite, applyWrite } from "./apply-write.ts";
import { Checkpointer } from "./checkpointer.ts";
import { type Defect, deadLetters } from "./dead-letters.ts";
import { failureOf, isDefect } from "./errors.ts";
import type { OpenDatabase } from "./open-database.ts";
import { type SpaceProbe, spaceProbe } from "./space-probe.ts";
import { type Transaction, transaction } from "./transaction.ts";

export type StoreLimits = Pick<
  Limits,
  | "idempotencyMs"
  | "idempotencyKeysMax"
  | "sealRetryMs"
  | "storeCheckBytesMax"
  | "storeCheckpointPages"
  | "storeDeadLettersMax"
  | "storeWalBytesKept"
>;

export interface WriterOptions {
  clock: Clock;
  logger: Logger;
  limits: StoreLimits;
  /** Called with the reason when commits begin to fail, and with undefined when they work again. */
  onFailure?: ((failure: StoreError | undefined) => void) | undefined;
  /** Called after each commit with its duration in milliseconds. */
  onCommit?: ((tookMs: number) => void) | undefined;
}

type Unit = readonly Write[];

export class Writer {
  readonly #open: OpenDatabase;
  readonly #options: WriterOptions;
  readonly #apply: ApplyWrite;
  readonly #transaction: Transaction;
  readonly #spaceProbe: SpaceProbe;
  readonly #checkpointer: Checkpointer;
  readonly #addDeadLetter: (defect: Defect) => void;
  #pending: Unit[] = [];
  #flushIsDue = false;
  #failure: StoreError | undefined;
  #retry: Timer | undefined;

  constructor(open: OpenDatabase, options: WriterOptions) {
    this.#open = open;
    this.#options = options;
    const { clock, limits, logger } = options;
    this.#apply = applyWrite(open.database, limits, logger);
    this.#transaction = transaction(open.database);
    this.#spaceProbe = spaceProbe(open.database, this.#transaction);
    this.#checkpointer = new Checkpointer(open.database, clock, limits, logger);
    this.#addDeadLetter = deadLetters(open.database, this.#transaction, clock, limits);
  }

  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** The units that are not committed yet, in order. */
  get pending(): readonly Unit[] {
    return this.#pending;
  }

  append(writes: Write[]): void {
    if (writes.length === 0) return;
    this.#pending.push([...writes]);
    // While writing fails, only the retry timer writes: a full disk is not tried again for every append.
    if (this.#failure || this.#flushIsDue) return;
    this.#flushIsDue = true;
    this.#options.clock.defer(() => {
      this.#flushIsDue = false;
      this.flush();
    });
  }

  /** @throws StoreError; while writing fails, without an attempt of its own, because the retry timer tests the disk. */
  attempt(writes: Write[]): void {
    if (this.#failure) throw this.#failure;
    const defect = this.#commit(writes);
    if (!defect) return;
    throw new StoreError(`${this.#open.place} refuses a write: ${errorMessage(defect.error)}`, { cause: defect.error });
  }

  flush(): boolean {
    if (this.#pending.length === 0 && !this.#failure) return true;
    try {
      this.#commit([]);
      return true;
    } catch {
      // The error is in `failure`, and was logged when failures began.
      return false;
    }
  }

  /** Ends the retries. Pending units are lost, which is logged. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#retry);
    const units = this.#pending.length;
    const reason = this.#failure?.message;
    if (units > 0) this.#options.logger.error("store: closed with writes that could not be saved", { units, reason });
    this.#pending = [];
    this.#failure = undefined;
  }

  /** Commits the pending units, then the attempted one. Returns the attempted one's defect; the rest is committed. */
  #commit(attempted: Unit): Defect | undefined {
    const { clock, onCommit } = this.#options;
    const units = this.#pending.length;
    const defects: Defect[] = [];
    const startedAt = clock.now();
    let ownDefect: Defect | undefined;
    this.#orFail(attempted, () => {
      this.#open.mustBeThere(startedAt);
      if (this.#commitWhole(attempted)) return;
      this.#transaction.run(() => {
        for (const unit of this.#pending) {
          const defect = this.#applyUnit(unit);
          if (defect) defects.push(defect);
        }
        for (const defect of defects) this.#addDeadLetter(defect);
        ownDefect = this.#applyUnit(attempted);
      });
    });
    this.#checkpointer.committed();
    onCommit?.(clock.now() - startedAt);
    this.#pending.splice(0, units);
    for (const { unit, error } of defects) {
      const fields = { kinds: unit.map(({ kind }) => kind), reason: errorMessage(error) };
      this.#options.logger.error("store: writes that can never succeed were moved to the table refused_units", fields);
    }
    if (this.#failure) this.#orFail(attempted, () => this.#spaceProbe.prove());
    this.#recovered();
    return ownDefect;
  }

  /** The usual case, without savepoints. False, with nothing changed, when a unit can never succeed. */
  #commitWhole(attempted: Unit): boolean {
    try {
      this.#transaction.run(() => {
        for (const unit of this.#pending) unit.forEach(this.#apply);
        attempted.forEach(this.#apply);
      });
      return true;
    } catch (error) {
      if (!isDefect(error)) throw error;
      return false;
    }
  }

  /** Applies all of the unit or nothing. Returns the defect of a unit that can never succeed. */
  #applyUnit(unit: Unit): Defect | undefined {
    if (unit.length === 0) return undefined;
    try {
      this.#transaction.nested(() => unit.forEach(this.#apply));
      return undefined;
    } catch (error) {
      if (!isDefect(error)) throw error;
      return { unit, error };
    }
  }

  #orFail(attempted: Unit, work: () => void): void {
    try {
      work();
    } catch (error) {
      const failure = failureOf(error, this.#open.place);
      const isFirst = this.#failure === undefined;
      this.#failure = failure;
      this.#spaceProbe.needs(attempted);
      this.#retry ??= this.#options.clock.setTimeout(() => {
        this.#retry = undefined;
        this.flush();
      }, this.#options.limits.sealRetryMs);
      if (isFirst) {
        this.#options.logger.error("store: writing fails", { reason: failure.message });
        this.#announce(failure);
      }
      throw failure;
    }
  }

  #recovered(): void {
    if (!this.#failure) return;
    this.#failure = undefined;
    this.#options.clock.clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#options.logger.info("store: writing works again");
    this.#announce(undefined);
  }

  #announce(failure: StoreError | undefined): void {
    try {
      this.#options.onFailure?.(failure);
    } catch (error) {
      this.#options.logger.error("store: onFailure threw", { reason: errorMessage(error) });
    }
  }
}
