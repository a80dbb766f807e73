// Proves that a disk has space again after a failed write, by writing that many bytes and removing them. Without it,
// small writes would succeed while large ones fail, and the store would alternate. Must never leave the bytes in the
// database.
import type { DatabaseSync } from "node:sqlite";
import type { Write } from "../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

/** Required in addition to the failed bytes: with less, the store would alternate between working and failing. */
const freeBytesMin = 64 * 1024;

export type SpaceProbe = ReturnType<typeof spaceProbe>;

export function spaceProbe(database: DatabaseSync, transaction: Transaction) {
  const clear = database.prepare("DELETE FROM room");
  const fill = database.prepare("INSERT INTO room (bytes) VALUES (zeroblob(?))");
  let needed = 0;
  return {
    /** Records failed writes: the next prove() needs their bytes and freeBytesMin more. */
    needs(writes: readonly Write[]): void {
      try {
        needed = Math.max(needed, JSON.stringify(writes).length);
      } catch {
        // A write that JSON cannot hold never reaches the disk.
      }
    },
    /** @throws what SQLite throws while there is not enough space */
    prove(): void {
      transaction.run(() => {
        clear.run();
        fill.run(needed + freeBytesMin);
      });
      transaction.run(() => clear.run());
      needed = 0;
    },
  };
}
