// Transactions and the savepoints in them, as functions that take the work. Must never leave one open: whatever throws
// is rolled back, and thrown on.
import type { DatabaseSync } from "node:sqlite";

export interface Transaction {
  /** All of the work is committed, or nothing. */
  run(work: () => void): void;
  /** Inside run: all of the work, or nothing of it and run goes on as the caller likes. */
  nested(work: () => void): void;
}

export function transaction(database: DatabaseSync): Transaction {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollBack = database.prepare("ROLLBACK");
  const mark = database.prepare("SAVEPOINT nested");
  const keep = database.prepare("RELEASE nested");
  const undo = database.prepare("ROLLBACK TO nested");

  return {
    run(work) {
      try {
        begin.run();
        work();
        commit.run();
      } catch (error) {
        // A full disk and alike have ended the transaction already (sqlite.org/lang_transaction.html 3.1).
        if (database.isTransaction) rollBack.run();
        throw error;
      }
    },
    nested(work) {
      mark.run();
      try {
        work();
      } catch (error) {
        if (database.isTransaction) {
          undo.run();
          keep.run();
        }
        throw error;
      }
      keep.run();
    },
  };
}
