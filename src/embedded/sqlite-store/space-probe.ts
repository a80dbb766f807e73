// Proves that a disk which failed has room again, by writing as many bytes as failed and taking them back: else small
// writes would succeed and large ones fail by turns. Must never keep them.
import type { DatabaseSync } from "node:sqlite";
import type { Write } from "../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

/** Free beside what failed: with less the store would be well and failing by turns. */
const freeBytesMin = 64 * 1024;

export interface Room {
  /** These writes failed; the next proof asks for as many bytes and freeBytesMin more. */
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
        fill.run(needed + freeBytesMin);
      });
      transaction.run(() => clear.run());
      needed = 0;
    },
  };
}
