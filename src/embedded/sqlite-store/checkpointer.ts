// Has the write-ahead log written back into the database, in a loop turn of its own: a commit would do it by itself,
// and take three times as long. The log grows while that fails, and nothing is lost: it is tried again.
import type { DatabaseSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Clock } from "../../runtime/clock.ts";
import { number, type ResultRow } from "./columns.ts";
import { errorMessage } from "./errors.ts";

/** Where no turn of the loop comes between many commits SQLite writes it back, when it is so many times as long. */
export const withoutTurns = 4;

export class Checkpointer {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #limits: Pick<Limits, "storeCheckpointPages" | "sealRetryMs">;
  readonly #logger: Logger;
  /** Both answer one row: busy, log (pages; -1 in memory), checkpointed. */
  readonly #look: () => ResultRow | undefined;
  readonly #writeBack: () => ResultRow | undefined;
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
    const look = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    const writeBack = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    this.#look = () => look.get();
    this.#writeBack = () => writeBack.get();
  }

  /** A transaction has been committed. */
  committed(): void {
    if (this.#isDue || this.#rests || this.#pages() < this.#limits.storeCheckpointPages) return;
    this.#isDue = true;
    this.#clock.defer(() => {
      this.#isDue = false;
      if (this.#database.isOpen) this.#run();
    });
  }

  /** The commit stands, whatever this meets. */
  #pages(): number {
    try {
      return number(this.#look() ?? {}, "log");
    } catch {
      return 0;
    }
  }

  get #rests(): boolean {
    return this.#failedAt !== undefined && this.#clock.now() - this.#failedAt < this.#limits.sealRetryMs;
  }

  #run(): void {
    try {
      this.#writeBack();
      if (this.#failedAt !== undefined) this.#logger.info("store: the write-ahead log is written back again");
      this.#failedAt = undefined;
    } catch (error) {
      const begins = this.#failedAt === undefined;
      this.#failedAt = this.#clock.now();
      if (begins)
        this.#logger.warn("store: the write-ahead log cannot be written back", { reason: errorMessage(error) });
    }
  }
}
