// Opens the database file of a data directory for this process alone, or says in one sentence why not. Must never leave
// anything half open, and never change a file that is not ours.
import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import type { Logger } from "../../ports/logger.ts";
import { StoreError } from "../../ports/store.ts";
import { withoutTurns } from "./checkpointer.ts";
import { number, type ResultRow, text } from "./columns.ts";
import { errorMessage } from "./errors.ts";
import * as refusals from "./open-errors.ts";
import { applicationId, migrate, schemaVersion } from "./schema.ts";

// Not imported: an older Node would fail on that before src/version.ts can say which one is needed.
const sqlite = process.getBuiltinModule("node:sqlite");

/** `normal`: safe against a killed process; a power cut may take the last commits. `full`: safe against that too. */
export type Durability = "normal" | "full";

/** A commit trusts for so long that the database file is still in its place: to look is a system call. */
export const fileCheckMs = 100;

export interface OpenDatabase {
  database: DatabaseSync;
  /** How messages name it. */
  place: string;
  /**
   * Is the file still the one that was opened? SQLite goes on writing into a deleted one. Looks at most every
   * fileCheckMs. now: the clock's. @throws StoreError
   */
  mustBeThere(now: number): void;
}

type FileLimits = Pick<Limits, "storeCheckBytesMax" | "storeCheckpointPages" | "storeWalBytesKept">;

/** dataDir: a path, or ":memory:". @throws StoreOpenError */
export function openDatabase(
  dataDir: string,
  durability: Durability,
  limits: FileLimits,
  logger: Logger,
): OpenDatabase {
  if (dataDir === ":memory:") {
    const database = new sqlite.DatabaseSync(dataDir);
    configure(database, durability, limits, dataDir, 0);
    return { database, place: "The database in memory", mustBeThere: () => {} };
  }
  if (dataDir === "") throw refusals.noName();
  const directory = resolve(dataDir);
  try {
    makeDirectory(directory);
  } catch (error) {
    throw refusals.noDirectory(directory, error);
  }
  try {
    return openFile(directory, durability, limits, logger);
  } catch (error) {
    throw refusals.refusalOf(error, directory);
  }
}

/**
 * Makes the directory and the parents that it lacks. Without mkdir's own `recursive`, which never returns where a
 * parent is there and takes no children: below a link that leads nowhere, as to a disk not mounted, or in /proc (Node
 * 24.21).
 */
function makeDirectory(directory: string): void {
  const mode = 0o700;
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // What is there may still be a link that leads nowhere, and then this throws.
    if (code === "EEXIST" && statSync(directory).isDirectory()) return;
    if (code !== "ENOENT" || existsSync(dirname(directory))) throw error;
    makeDirectory(dirname(directory));
    mkdirSync(directory, { mode });
  }
}

function openFile(directory: string, durability: Durability, limits: FileLimits, logger: Logger): OpenDatabase {
  const file = join(directory, refusals.fileName);
  const before = statSync(file, { throwIfNoEntry: false });
  const holds = (name: string): boolean => (statSync(name, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const hasLog = holds(`${file}-wal`);
  if (!before?.size) {
    // SQLite throws away a log whose database is empty or missing, and the last commits with it.
    if (hasLog) throw refusals.logWithoutFile(directory);
    if (before) logger.warn("store: the database file was empty, a new one is begun", { file });
  }
  // With a log or (while it is being made) a journal the last page may be half written: they know the whole one.
  const fileBytes = hasLog || holds(`${file}-journal`) ? 0 : (before?.size ?? 0);
  // Another turnwire does not leave soon: no waiting for its lock. (Never open the file by other means than SQLite:
  // closing it would drop the locks that another store of this process holds on it, fcntl(2).)
  const database = new sqlite.DatabaseSync(file, { timeout: 0 });
  try {
    // Before there is a log, which takes the permissions of the file.
    if (!before) keepFromOthers(file, logger);
    configure(database, durability, limits, directory, fileBytes);
    return { database, place: file, mustBeThere: watchOver(file) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function configure(
  database: DatabaseSync,
  durability: Durability,
  limits: FileLimits,
  directory: string,
  fileBytes: number,
): void {
  // Before the first read: then the log's index lives in our memory, and the lock is kept until close.
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  const version = knownVersion(database, directory);
  // SQLite fills up a page that was cut, and takes a file of a few bytes for a new one.
  const pageBytes = number(database.prepare("PRAGMA page_size").get() ?? {}, "page_size");
  if (fileBytes % pageBytes !== 0) throw refusals.damaged(directory, `${fileBytes} bytes are no whole pages`);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"};
    PRAGMA foreign_keys = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = ${withoutTurns * limits.storeCheckpointPages};
    PRAGMA journal_size_limit = ${limits.storeWalBytesKept}`);
  migrate(database, version);
  check(database, limits.storeCheckBytesMax, directory);
}

/** The schema version of a database that we may use; 0 for a new one. @throws StoreOpenError */
function knownVersion(database: DatabaseSync, directory: string): number {
  const ask = (sql: string): ResultRow => database.prepare(sql).get() ?? {};
  const application = number(ask("PRAGMA application_id"), "application_id");
  const version = number(ask("PRAGMA user_version"), "user_version");
  const tables = number(ask("SELECT count(*) AS tables FROM sqlite_schema"), "tables");
  if (application === 0 && version === 0 && tables === 0) return 0;
  if (application !== applicationId) throw refusals.foreign(directory);
  if (version > schemaVersion) throw refusals.newer(directory, version, schemaVersion);
  return version;
}

function check(database: DatabaseSync, bytesMax: number, directory: string): void {
  const size = database.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size");
  if (number(size.get() ?? {}, "bytes") > bytesMax) return;
  const finding = text(database.prepare("PRAGMA quick_check(1)").get() ?? {}, "quick_check");
  if (finding !== "ok") throw refusals.damaged(directory, finding);
}

/** The directory may be older than us and open to others; what people say is not for them. */
function keepFromOthers(file: string, logger: Logger): void {
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    logger.warn("store: the database file may be readable by others", { file, reason: errorMessage(error) });
  }
}

function watchOver(file: string): (now: number) => void {
  const opened = statSync(file);
  let seenAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now - seenAt < fileCheckMs) return;
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.ino === opened.ino && found.dev === opened.dev) {
      seenAt = now;
      return;
    }
    throw new StoreError(`${file} is gone (deleted, moved or replaced): put it back and writing goes on by itself`);
  };
}
