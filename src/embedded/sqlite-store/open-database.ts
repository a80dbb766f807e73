// Opens the database file of a data directory for this process alone, or throws an error that says why it cannot. Must
// never leave a database half open, nor change a file that is not turnwire's.
import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import { errorMessage } from "../../ports/guard.ts";
import type { Logger } from "../../ports/logger.ts";
import { StoreError } from "../../ports/store.ts";
import { autoCheckpointFactor } from "./checkpointer.ts";
import { number, text } from "./columns.ts";
import * as openErrors from "./open-errors.ts";
import { applicationId, migrate, schemaVersion } from "./schema.ts";

// Not imported: an older Node would fail on the import before src/version.ts can name the version it needs.
const sqlite = process.getBuiltinModule("node:sqlite");

/** `normal` survives a killed process, but a power cut may lose the last commits. `full` survives both. */
export type Durability = "normal" | "full";

/** How long a commit trusts its last check that the file is still there, since each check is a system call. */
export const fileCheckMs = 100;

export interface OpenDatabase {
  database: DatabaseSync;
  /** The database's name in messages. */
  place: string;
  /**
   * Checks that the file is still the one that was opened, because SQLite would go on writing into a deleted one. Looks
   * at most every fileCheckMs. @param now the clock's now() @throws StoreError
   */
  mustBeThere(now: number): void;
}

type FileLimits = Pick<Limits, "storeCheckBytesMax" | "storeCheckpointPages" | "storeWalBytesKept">;

/** @param dataDir a path, or ":memory:" @throws StoreOpenError */
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
  if (dataDir === "") throw openErrors.noName();
  const directory = resolve(dataDir);
  try {
    makeDirectory(directory);
  } catch (error) {
    throw openErrors.noDirectory(directory, error);
  }
  try {
    return openFile(directory, durability, limits, logger);
  } catch (error) {
    throw openErrors.openErrorOf(error, directory);
  }
}

/**
 * Creates the directory and its missing parents. Does not use mkdir's `recursive`, which never returns where a parent
 * exists but cannot have children: below a dangling link, as to an unmounted disk, or in /proc (Node 24.21).
 */
function makeDirectory(directory: string): void {
  const mode = 0o700;
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // statSync throws if what exists is a dangling link.
    if (code === "EEXIST" && statSync(directory).isDirectory()) return;
    if (code !== "ENOENT" || existsSync(dirname(directory))) throw error;
    makeDirectory(dirname(directory));
    mkdirSync(directory, { mode });
  }
}

function openFile(directory: string, durability: Durability, limits: FileLimits, logger: Logger): OpenDatabase {
  const file = join(directory, openErrors.fileName);
  const before = statSync(file, { throwIfNoEntry: false });
  const holds = (name: string): boolean => (statSync(name, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const hasLog = holds(`${file}-wal`);
  if (!before?.size) {
    // SQLite discards a log whose database is empty or missing, and the last commits with it.
    if (hasLog) throw openErrors.logWithoutFile(directory);
    if (before) logger.warn("store: the database file was empty; a new one was created", { file });
  }
  // With a log, or a journal while the file is being created, the last page may be cut: the log or journal has all of
  // it.
  const fileBytes = hasLog || holds(`${file}-journal`) ? 0 : (before?.size ?? 0);
  // No waiting for the lock: another turnwire would not release it soon. The file must never be opened except through
  // SQLite: closing it would drop the locks that another store in this process holds on it (fcntl(2)).
  const database = new sqlite.DatabaseSync(file, { timeout: 0 });
  try {
    // Before the log is created, because it takes the file's permissions.
    if (!before) restrictPermissions(file, logger);
    configure(database, durability, limits, directory, fileBytes);
    return { database, place: file, mustBeThere: fileCheck(file) };
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
  // Before the first read, so that the log's index is kept in process memory and the lock is held until close.
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  const version = knownVersion(database, directory);
  // SQLite pads a truncated page, and takes a file of a few bytes for a new one.
  const pageBytes = number(database.prepare("PRAGMA page_size").get(), "page_size");
  if (fileBytes % pageBytes !== 0) throw openErrors.damaged(directory, `${fileBytes} bytes are not whole pages`);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"};
    PRAGMA foreign_keys = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = ${autoCheckpointFactor * limits.storeCheckpointPages};
    PRAGMA journal_size_limit = ${limits.storeWalBytesKept}`);
  migrate(database, version);
  check(database, limits.storeCheckBytesMax, directory);
}

/** The schema version of a database that turnwire can use; 0 for a new one. @throws StoreOpenError */
function knownVersion(database: DatabaseSync, directory: string): number {
  const application = number(database.prepare("PRAGMA application_id").get(), "application_id");
  const version = number(database.prepare("PRAGMA user_version").get(), "user_version");
  const tables = number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get(), "tables");
  if (application === 0 && version === 0 && tables === 0) return 0;
  if (application !== applicationId) throw openErrors.foreign(directory);
  if (version > schemaVersion) throw openErrors.newer(directory, version, schemaVersion);
  return version;
}

function check(database: DatabaseSync, bytesMax: number, directory: string): void {
  const size = database.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size");
  if (number(size.get(), "bytes") > bytesMax) return;
  const finding = text(database.prepare("PRAGMA quick_check(1)").get(), "quick_check");
  if (finding !== "ok") throw openErrors.damaged(directory, finding);
}

/** The directory may have existed before, readable by other users, who must not read the conversations. */
function restrictPermissions(file: string, logger: Logger): void {
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    logger.warn("store: the database file may be readable by others", { file, reason: errorMessage(error) });
  }
}

function fileCheck(file: string): (now: number) => void {
  const opened = statSync(file);
  let checkedAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now - checkedAt < fileCheckMs) return;
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.ino === opened.ino && found.dev === opened.dev) {
      checkedAt = now;
      return;
    }
    throw new StoreError(`${file} is gone (deleted, moved or replaced): put it back and writing resumes by itself`);
  };
}
