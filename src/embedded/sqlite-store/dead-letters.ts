// Keeps units of writes that can never succeed in a table of their own, for an operator to inspect. A dead letter must
// never make the transaction that stores it fail.
import type { DatabaseSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import { errorMessage } from "../../ports/guard.ts";
import type { Write } from "../../ports/store.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isDefect } from "./errors.ts";
import type { Transaction } from "./transaction.ts";

/** A unit that can never succeed, and the error that shows it. */
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
      // A unit that JSON cannot hold cannot be stored here either; its kinds and the reason are logged.
      if (!isDefect(again)) throw again;
    }
  };
}
