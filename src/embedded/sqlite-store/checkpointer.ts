// Checkpoints the write-ahead log in an event-loop turn of its own, because a commit that does it takes three times as
// long. While checkpoints fail, the log grows, nothing is lost, and they are retried.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import { errorMessage } from "../../ports/guard.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Clock } from "../../runtime/clock.ts";
import { number } from "./columns.ts";

/**
 * SQLite checkpoints by itself at this multiple of limits.storeCheckpointPages, for many commits within one event-loop
 * turn.
 */
export const autoCheckpointFactor = 4;

export class Checkpointer {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #limits: Pick<Limits, "storeCheckpointPages" | "sealRetryMs">;
  readonly #logger: Logger;
  /** Both return one row: busy, log (pages; -1 in memory), checkpointed. */
  readonly #inspect: StatementSync;
  readonly #checkpoint: StatementSync;
  #isDue = false;
  #failedAt: number | undefined;

  constructor(
    database: DatabaseSync,
    clock: Clock,
    limits: Pick<Limits, "storeCheckpointPages" | "sealRetryMs">,
    logger: Logger,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#limits = limits;
    this.#logger = logger;
    this.#inspect = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#checkpoint = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Called after each commit. */
  committed(): void {
    if (this.#isDue || this.#isCoolingDown || this.#pages() < this.#limits.storeCheckpointPages) return;
    this.#isDue = true;
    this.#clock.defer(() => {
      this.#isDue = false;
      if (this.#database.isOpen) this.#run();
    });
  }

  /** Must not throw: the commit has succeeded. */
  #pages(): number {
    try {
      return number(this.#inspect.get(), "log");
    } catch {
      return 0;
    }
  }

  get #isCoolingDown(): boolean {
    return this.#failedAt !== undefined && this.#clock.now() - this.#failedAt < this.#limits.sealRetryMs;
  }

  #run(): void {
    try {
      this.#checkpoint.get();
      if (this.#failedAt !== undefined) this.#logger.info("store: checkpoints of the write-ahead log work again");
      this.#failedAt = undefined;
    } catch (error) {
      const isFirst = this.#failedAt === undefined;
      this.#failedAt = this.#clock.now();
      if (isFirst)
        this.#logger.warn("store: a checkpoint of the write-ahead log failed", { reason: errorMessage(error) });
    }
  }
}
