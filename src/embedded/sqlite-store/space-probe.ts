// Proves that a disk which failed has room again, by writing as many bytes as failed and taking them back: else small
// writes would succeed and large ones fail by turns. Must never keep them.
import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../limits.ts";
import type { Write } from "../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

export interface Room {
  /** These writes failed; the next proof asks for as many bytes and storeFreeBytesMin more. */
  needs(writes: readonly Write[]): void;
  /** Throws what SQLite throws while there is no room. */
  prove(): void;
}

export function room(database: DatabaseSync, transaction: Transaction): Room {
  const clear = database.prepare("DELETE FROM room");
  const fill = database.prepare("INSERT INTO room (bytes) VALUES (zeroblob(?))");
  let needed = 0;
  return {
    needs(writes) {
      try {
        needed = Math.max(needed, JSON.stringify(writes).length);
      } catch {
        // What JSON cannot hold will need no room.
      }
    },
    prove() {
      transaction.run(() => {
        clear.run();
        fill.run(needed + limits.storeFreeBytesMin);
      });
      transaction.run(() => clear.run());
      needed = 0;
    },
  };
}
