// Transactions and savepoints as functions that take the work to do. Must never leave one open: an error rolls back and
// is thrown again.
import type { DatabaseSync } from "node:sqlite";

export type Transaction = ReturnType<typeof transaction>;

export function transaction(database: DatabaseSync) {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollBack = database.prepare("ROLLBACK");
  const savepoint = database.prepare("SAVEPOINT nested");
  const release = database.prepare("RELEASE nested");
  const rollBackTo = database.prepare("ROLLBACK TO nested");

  return {
    /** Commits all of the work or nothing. */
    run(work: () => void): void {
      try {
        begin.run();
        work();
        commit.run();
      } catch (error) {
        // Some errors, such as a full disk, have already rolled back (sqlite.org/lang_transaction.html 3.1).
        if (database.isTransaction) rollBack.run();
        throw error;
      }
    },
    /** Inside run: applies all of the work, or throws with nothing applied; run's transaction stays usable. */
    nested(work: () => void): void {
      savepoint.run();
      try {
        work();
      } catch (error) {
        if (database.isTransaction) {
          rollBackTo.run();
          release.run();
        }
        throw error;
      }
      release.run();
    },
  };
}
