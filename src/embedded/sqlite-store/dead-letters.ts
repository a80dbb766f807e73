// Where units of writes go that can never succeed: into a table of their own, for a person to look at. Must never fail
// the transaction it is part of for the unit's sake.
import type { DatabaseSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import type { Write } from "../../ports/store.ts";
import type { Clock } from "../../runtime/clock.ts";
import { errorMessage, isDefect } from "./errors.ts";
import type { Transaction } from "./transaction.ts";

/** A unit that was tried, and the error that says that it can never succeed. */
export interface Defect {
  unit: readonly Write[];
  error: unknown;
}

export function deadLetters(
  database: DatabaseSync,
  transaction: Transaction,
  clock: Clock,
  { storeDeadLettersMax }: Pick<Limits, "storeDeadLettersMax">,
) {
  const add = database.prepare("INSERT INTO refused_units (refused_at, reason, writes) VALUES (?, ?, ?)");
  const shed = database.prepare(
    "DELETE FROM refused_units WHERE position <= (SELECT max(position) FROM refused_units) - ?",
  );
  return ({ unit, error }: Defect): void => {
    try {
      transaction.nested(() => {
        add.run(Math.trunc(clock.wall()), errorMessage(error), JSON.stringify(unit));
        shed.run(storeDeadLettersMax);
      });
    } catch (again) {
      // What JSON cannot hold cannot be kept here either; the log has its kinds and the reason.
      if (!isDefect(again)) throw again;
    }
  };
}
