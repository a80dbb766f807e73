// A data directory that cannot be used is refused with one sentence that names it and a remedy, and is left unchanged.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { type Store, StoreOpenError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { rememberingLogger, said } from "../support/store-rows.ts";

const test = suite("opening the SQLite store");

const open = (dataDir: string, logger = silentLogger): Store =>
  openSqliteStore({ dataDir, clock: new SimulatedClock(), logger, limits, durability: "normal" });

/** The files below a directory that this process has open. */
function held(directory: string): string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`);
      return file.startsWith(directory) ? [file] : [];
    } catch {
      return []; // the descriptor that read the list
    }
  });
}

function refuses(directory: string, pattern: RegExp): void {
  try {
    open(directory);
  } catch (error) {
    assert.instance(error, StoreOpenError);
    const message = error instanceof Error ? error.message : "";
    assert.match(message, pattern);
    assert.ok(message.includes(directory), `names the directory: ${message}`);
    assert.match(message, /^[^\n]{20,400}\.$/, `one sentence: ${message}`);
    assert.match(message, /--data-dir|restore/, `names a remedy: ${message}`);
    assert.equal(held(directory), [], "no file is left open");
    return;
  }
  assert.unreachable(`${directory} was opened`);
}

/** Creates a directory with a database of about 300 kB. */
function filled(): { directory: string; file: string } {
  const directory = temporaryDirectory();
  const store = open(directory);
  for (let at = 0; at < 300; at += 1) store.append([said("a", `${at} ${"x".repeat(1_000)}`)]);
  store.close();
  return { directory, file: join(directory, "turnwire.db") };
}

const isRoot = process.geteuid?.() === 0;

/** Root may write everywhere, so permissions are then tested as the user nobody. */
function asNobody(work: () => void): void {
  if (isRoot) process.seteuid?.(65_534);
  try {
    work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test("a file, or a directory below a file, is not a data directory", () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "mine");
  refuses(file, /is a file or lies in one/);
  refuses(join(file, "below"), /is a file or lies in one/);
  assert.is(readFileSync(file, "utf8"), "mine");
});

test("a directory without a name is refused", () => {
  assert.throws(
    () => open(""),
    (error: unknown) => error instanceof StoreOpenError && /no name/.test(error.message),
  );
});

test("a directory that cannot be created is refused", () => {
  const parent = temporaryDirectory();
  chmodSync(parent, 0o555);
  asNobody(() => refuses(join(parent, "new"), /cannot be created \(EACCES/));
  chmodSync(parent, 0o700);
});

test("a directory that cannot be written is refused, with and without a database in it", () => {
  const empty = temporaryDirectory();
  chmodSync(empty, 0o555);
  asNobody(() => refuses(empty, /cannot be opened for writing/));
  const { directory, file } = filled();
  chmodSync(file, 0o666);
  chmodSync(directory, 0o555);
  asNobody(() => refuses(directory, /cannot be opened for writing/));
  chmodSync(directory, 0o000);
  asNobody(() => refuses(directory, /cannot be opened for writing/));
  for (const closed of [empty, directory]) chmodSync(closed, 0o700);
});

test("a database that cannot be written is refused", () => {
  const { directory, file } = filled();
  chmodSync(file, 0o444);
  chmodSync(directory, 0o777);
  asNobody(() => refuses(directory, /cannot be opened for writing/));
});

(isRoot ? test : test.skip)("a database that belongs to another user but is writable is used", () => {
  const { directory, file } = filled();
  chownSync(directory, 65_534, 65_534);
  chmodSync(file, 0o666);
  asNobody(() => open(directory).close());
});

test("a directory in place of the database is refused", () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "turnwire.db"));
  refuses(directory, /cannot be opened for writing/);
});

test("a directory in use by this process is refused every time, and its owner keeps working", () => {
  const directory = temporaryDirectory();
  const store = open(directory);
  for (let time = 0; time < 3; time += 1) {
    assert.throws(
      () => open(directory),
      (error: unknown) => error instanceof StoreOpenError && /in use by another turnwire/.test(error.message),
    );
    store.attempt([said("a", "on")]);
  }
  store.close();
  const next = open(directory);
  assert.is(next.latestSeq("a"), 3);
  next.close();
});

test("a file that is not a database is refused and kept", () => {
  const directory = temporaryDirectory();
  const file = join(directory, "turnwire.db");
  writeFileSync(file, "a letter to a friend, longer than any header\n".repeat(100));
  const before = readFileSync(file);
  refuses(directory, /is not a turnwire database/);
  assert.equal(readFileSync(file), before);
});

test("a database of another program is refused and kept", () => {
  for (const mark of ["", "PRAGMA application_id = 42", "PRAGMA user_version = 3"]) {
    const directory = temporaryDirectory();
    const file = join(directory, "turnwire.db");
    const other = new DatabaseSync(file);
    other.exec(`CREATE TABLE letters (text); ${mark}`);
    other.close();
    const before = readFileSync(file);
    refuses(directory, /is not a turnwire database/);
    assert.equal(readFileSync(file), before);
    assert.equal(readdirSync(directory), ["turnwire.db"]);
  }
});

test("a database of a newer turnwire is refused and kept", () => {
  const { directory, file } = filled();
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 99");
  database.close();
  const before = readFileSync(file);
  refuses(directory, /newer turnwire \(schema 99, this one knows 3\): update turnwire/);
  assert.equal(readFileSync(file), before);
});

test("a database from before texts had ids is brought up to date, and keeps what it holds", () => {
  const directory = temporaryDirectory();
  const first = open(directory);
  first.attempt([said("a", "kept")]);
  first.close();
  const old = new DatabaseSync(join(directory, "turnwire.db"));
  old.exec("ALTER TABLE chunks DROP COLUMN message_id; DROP TABLE named_messages; PRAGMA user_version = 2");
  old.close();
  const store = open(directory);
  const before = store.chunks("a");
  assert.equal(before, [{ seq: 1, role: "user", chunk: { type: "text", text: "kept" } }]);
  assert.not.ok(store.isNamedMessage("a", "m"));
  store.attempt([{ kind: "message.named", conversationId: "a", messageId: "m" }]);
  assert.ok(store.isNamedMessage("a", "m"));
  store.close();
});

test("a database cut short is refused, wherever it was cut", () => {
  for (const share of [0.9, 0.5, 0.1]) {
    const { directory, file } = filled();
    truncateSync(file, Math.floor(statSync(file).size * share));
    refuses(directory, /damaged or cut short/);
  }
  for (const bytes of [-1, -4_096, 4_096, 600, 100, 1]) {
    const { directory, file } = filled();
    truncateSync(file, bytes > 0 ? bytes : statSync(file).size + bytes);
    refuses(directory, /damaged or cut short/);
  }
});

test("a database with a broken page in its middle is refused", () => {
  const { directory, file } = filled();
  const bytes = readFileSync(file);
  bytes.fill(0xab, bytes.length / 2, bytes.length / 2 + 8_192);
  writeFileSync(file, bytes);
  refuses(directory, /damaged or cut short/);
});

test("a write-ahead log without its database is not deleted", () => {
  for (const lose of ["empty", "missing"] as const) {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "turnwire.db-wal"), "the last commits");
    if (lose === "empty") writeFileSync(join(directory, "turnwire.db"), "");
    refuses(directory, /is missing or empty, but its log turnwire.db-wal is there/);
    assert.is(readFileSync(join(directory, "turnwire.db-wal"), "utf8"), "the last commits");
  }
});

test("an empty file, as a start that was killed at once leaves it, becomes a database with a logged warning", () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "turnwire.db"), "");
  const { logger, lines } = rememberingLogger();
  const store = open(directory, logger);
  store.attempt([said("a", "1")]);
  store.close();
  assert.equal(
    lines.map(({ level, message }) => [level, message]),
    [["warn", "store: the database file was empty; a new one was created"]],
  );
});

test.run();
