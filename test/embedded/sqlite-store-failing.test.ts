// A failing store loses nothing: the disk is full, the file disappears, or a write can never succeed.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fileCheckMs, openDatabase } from "../../src/embedded/sqlite-store/open-database.ts";
import { openSqliteStore, sqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { type Store, StoreError, type Write } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { provesFullDisk } from "../support/store-full-disk.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { StoreProcess } from "../support/store-process.ts";
import { began, conversationRow, created, impossible, rememberingLogger, said } from "../support/store-rows.ts";

const test = suite("the SQLite store while it fails");

const texts = (store: Store, id = "a"): string[] =>
  store.chunks(id).map(({ chunk }) => ("text" in chunk ? chunk.text : ""));

const isStoreError =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof StoreError && pattern.test(error.message);

/** A store with access to its database for the test. breakDisk makes every write fail as on a read-only disk. */
function breakable(dataDir = ":memory:") {
  const clock = new SimulatedClock();
  const { logger, lines } = rememberingLogger();
  const open = openDatabase(dataDir, "normal", limits, logger);
  const heard: (string | undefined)[] = [];
  const onFailure = (failure: StoreError | undefined): void => {
    heard.push(failure?.message);
  };
  const store = sqliteStore(open, { clock, limits, logger, onFailure });
  const breakDisk = (): void => open.database.exec("PRAGMA query_only = ON");
  const mendDisk = (): void => open.database.exec("PRAGMA query_only = OFF");
  return { clock, lines, heard, store, database: open.database, breakDisk, mendDisk };
}

test("a full disk stops writes but not reads, and nothing is lost: a database with a page limit", () => {
  const directory = temporaryDirectory();
  let database: DatabaseSync | undefined;
  const pages = (name: string): number => Number(database?.prepare(`PRAGMA ${name}`).get()?.[name]);
  provesFullDisk({
    open(options) {
      const open = openDatabase(directory, "normal", limits, options.logger);
      database = open.database;
      return sqliteStore(open, { ...options, limits });
    },
    fill: (leavingBytes) =>
      database?.exec(`PRAGMA max_page_count = ${pages("page_count") + Math.ceil(leavingBytes / pages("page_size"))}`),
    free: () => database?.exec("PRAGMA max_page_count = 1000000"),
  });
});

// The child has its own mount namespace, so the file system disappears with the child. If none can be mounted, only the
// test above checks a full disk.
const inFileSystem = (mountPoint: string): string[] => {
  const script = 'mount -t tmpfs -o size=8m turnwire-test "$0" && exec "$@"';
  return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, mountPoint];
};
const [unshare = "", ...probe] = [...inFileSystem(temporaryDirectory()), "true"];
const canMount = spawnSync(unshare, probe, { timeout: 10_000 }).status === 0;

(canMount ? test : test.skip)(
  "a full disk stops writes but not reads, and nothing is lost: a real file system of 8 MiB",
  async () => {
    const mountPoint = temporaryDirectory();
    const child = new StoreProcess("fill", mountPoint, inFileSystem(mountPoint));
    assert.is(await child.end(), 0, child.errors);
    assert.equal(child.lines, ["proved"]);
  },
);

test("a read-only disk stops writes until it is writable again", () => {
  const { clock, heard, lines, store, breakDisk, mendDisk } = breakable();
  store.attempt([said("a", "1")]);
  breakDisk();
  store.append([said("a", "2")]);
  assert.equal(texts(store), ["1"]);
  assert.ok(isStoreError(/cannot be written .*make it writable again/)(store.failure));
  clock.advance(3 * limits.sealRetryMs);
  mendDisk();
  assert.equal(texts(store), ["1"], "the retry writes, a read does not");
  assert.throws(() => store.attempt([said("a", "refused")]), isStoreError(/cannot be written/));
  assert.is(store.flush(), true, "a flush tries to write");
  assert.equal(texts(store), ["1", "2"]);
  assert.is(clock.pending, 0, "the retry has ended");
  assert.is(heard.length, 2);
  assert.equal(
    lines.map(({ level, message }) => [level, message]),
    [
      ["error", "store: writing fails"],
      ["info", "store: writing works again"],
    ],
  );
  store.close();
});

test("an attempt that the disk refuses is not repeated later", () => {
  const { clock, store, breakDisk, mendDisk } = breakable();
  breakDisk();
  assert.throws(() => store.attempt([said("a", "never")]), isStoreError(/cannot be written/));
  assert.throws(() => store.attempt([impossible("a")]), isStoreError(/cannot be written/));
  store.append([said("a", "later")]);
  mendDisk();
  clock.advance(limits.sealRetryMs);
  assert.equal(texts(store), ["later"]);
  store.close();
});

test("latestSeq counts appended chunks before they are committed, across a compaction too", () => {
  const { clock, store, breakDisk, mendDisk } = breakable();
  store.attempt([created("a"), said("a", "1", "2")]);
  breakDisk();
  store.append([said("a", "3"), created("b"), said("b", "1")]);
  assert.is(store.latestSeq("a"), 3);
  const chunks = [{ role: "system" as const, chunk: { type: "system" as const, text: "s" } }];
  store.append([{ kind: "conversation.compacted", id: "a", archive: conversationRow("archive"), chunks }]);
  store.append([said("a", "4")]);
  const promised = ["a", "b", "archive", "none"].map((id) => store.latestSeq(id));
  assert.equal(promised, [2, 1, 3, 0]);
  mendDisk();
  clock.advance(limits.sealRetryMs);
  assert.equal(
    ["a", "b", "archive", "none"].map((id) => store.latestSeq(id)),
    promised,
  );
  store.close();
});

test("a database that is moved or deleted is noticed within fileCheckMs, and used again when it is back", () => {
  const directory = temporaryDirectory();
  const file = join(directory, "turnwire.db");
  const { clock, store, lines } = breakable(directory);
  store.attempt([said("a", "1")]);
  renameSync(file, `${file}.away`);
  clock.advance(fileCheckMs);
  store.append([said("a", "2")]);
  assert.equal(texts(store), ["1"], "reads still work");
  assert.ok(isStoreError(/turnwire\.db is gone \(deleted, moved or replaced\): put it back/)(store.failure));
  renameSync(`${file}.away`, file);
  clock.advance(limits.sealRetryMs);
  assert.equal(texts(store), ["1", "2"]);

  rmSync(directory, { recursive: true });
  clock.advance(fileCheckMs);
  store.append([said("a", "3")]);
  store.append([said("a", "4")]);
  clock.settle();
  mkdirSync(directory);
  assert.throws(() => store.attempt([said("a", "5")]), isStoreError(/is gone/));
  store.close();
  const last = lines.at(-1);
  assert.is(last?.message, "store: closed with writes that could not be saved");
  assert.match(JSON.stringify(last?.fields), /"units":2,"reason":".* is gone/);
  clock.advance(10 * limits.sealRetryMs);
  assert.is(clock.pending, 0);
});

test("removing permissions from the file of an open store does not affect the store", () => {
  const directory = temporaryDirectory();
  const { store } = breakable(directory);
  chmodSync(join(directory, "turnwire.db"), 0o444);
  store.attempt([said("a", "1")]);
  store.close();
  chmodSync(join(directory, "turnwire.db"), 0o600);
  const again = breakable(directory).store;
  assert.equal(texts(again), ["1"]);
  again.close();
});

test("units that can never succeed are logged and moved to a table, whatever is wrong with them", () => {
  const directory = temporaryDirectory();
  const { clock, lines, store } = breakable(directory);
  store.attempt([began("t", "a")]);
  store.append([said("a", "1")]);
  store.append([said("a", "never"), began("t", "a")]);
  store.append([created("b", { createdAt: 1.5 })]);
  store.append([said("a", "2")]);
  store.append([impossible("a")]);
  store.append([said("a", "3")]);
  clock.settle();
  assert.equal(texts(store), ["1", "2", "3"]);
  assert.is(store.failure, undefined);
  const message = "store: writes that can never succeed were moved to the table refused_units";
  assert.equal(
    lines.map((line) => [line.level, line.message]),
    [
      ["error", message],
      ["error", message],
      ["error", message],
    ],
  );
  assert.match(
    JSON.stringify(lines[0]?.fields),
    /"kinds":\["chunks","turn.began"\],"reason":"UNIQUE constraint failed/,
  );
  store.close();
  const database = new DatabaseSync(join(directory, "turnwire.db"));
  const rows = database.prepare("SELECT reason, writes, refused_at FROM refused_units ORDER BY position").all();
  database.close();
  // The third unit cannot be encoded as JSON either.
  assert.is(rows.length, 2);
  assert.equal(JSON.parse(String(rows[0]?.["writes"])), [said("a", "never"), began("t", "a")]);
  assert.match(String(rows[1]?.["reason"]), /cannot store REAL value in INTEGER column/);
  assert.is(rows[1]?.["refused_at"], clock.wall());
});

test("a unit that can never succeed keeps its place while the disk fails, and is moved to the table once", () => {
  const { clock, lines, store, database, breakDisk, mendDisk } = breakable();
  store.attempt([began("t", "a")]);
  breakDisk();
  store.append([said("a", "1")]);
  store.append([began("t", "a")]);
  store.append([said("a", "2")]);
  clock.advance(3 * limits.sealRetryMs);
  mendDisk();
  clock.advance(limits.sealRetryMs);
  assert.equal(texts(store), ["1", "2"]);
  assert.is(lines.filter(({ message }) => message.includes("refused_units")).length, 1);
  assert.is(database.prepare("SELECT count(*) AS units FROM refused_units").get()?.["units"], 1);
  store.close();
});

test("the number of dead letters is bounded", () => {
  const { store, database } = breakable();
  store.attempt([began("t", "a")]);
  for (let unit = 0; unit < limits.storeDeadLettersMax + 5; unit += 1) store.append([began("t", "a")]);
  assert.is(store.flush(), true);
  const kept = database.prepare("SELECT count(*) AS units, min(position) AS first FROM refused_units").get();
  assert.equal({ ...kept }, { units: limits.storeDeadLettersMax, first: 6 });
  store.close();
});

test("a listener that throws or calls the store does not disturb the store", () => {
  const clock = new SimulatedClock();
  const { logger, lines } = rememberingLogger();
  const open = openDatabase(":memory:", "normal", limits, logger);
  const store: Store = sqliteStore(open, {
    clock,
    limits,
    logger,
    onFailure(failure) {
      store.append([said("a", failure ? "began to fail" : "is well")]);
      throw new Error("not my day");
    },
  });
  open.database.exec("PRAGMA query_only = ON");
  store.append([said("a", "1")]);
  clock.settle();
  open.database.exec("PRAGMA query_only = OFF");
  clock.advance(limits.sealRetryMs);
  assert.equal(texts(store), ["1", "began to fail", "is well"]);
  assert.is(lines.filter(({ message }) => message === "store: onFailure threw").length, 2);
  store.close();
});

test("without a listener the store fails and recovers too", () => {
  const clock = new SimulatedClock();
  const directory = temporaryDirectory();
  const store = openSqliteStore({ dataDir: directory, clock, logger: silentLogger, limits, durability: "normal" });
  renameSync(join(directory, "turnwire.db"), join(directory, "away"));
  assert.throws(() => store.attempt([impossible("a")]), isStoreError(/is gone/));
  renameSync(join(directory, "away"), join(directory, "turnwire.db"));
  clock.advance(limits.sealRetryMs);
  store.attempt([said("a", "1")]);
  assert.equal(texts(store), ["1"]);
  store.close();
});

test("an unreadable row gives its reader an error that names the database, and affects no other reader", () => {
  const { store, database } = breakable();
  store.attempt([said("a", "1"), said("b", "1"), said("c", "1")]);
  database.exec("UPDATE chunks SET chunk = '{cut' WHERE conversation_id = 'a'");
  database.exec("UPDATE chunks SET role = 'stranger' WHERE conversation_id = 'b'");
  assert.throws(() => store.chunks("a"), isStoreError(/^The database in memory cannot be read or written: .*JSON/));
  assert.throws(() => store.chunks("b"), isStoreError(/role is none of system, user, assistant, tool/));
  assert.equal(texts(store, "c"), ["1"]);
  assert.is(store.failure, undefined);
  store.close();
});

test("whatever fails in whatever order, successful writes are stored once, in order and without gaps", () => {
  const id = fc.constantFrom("a", "b");
  const size = fc.integer({ min: 1, max: 3 });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constantFrom("append", "attempt"), id, size, isPoison: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ does: fc.constantFrom("break", "mend", "tick", "second", "flush", "read") }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, store, breakDisk, mendDisk } = breakable();
      const expected: Record<string, string[]> = { a: [], b: [] };
      store.attempt([began("t", "other")]);
      let texted = 0;
      for (const one of steps) {
        if ("id" in one) {
          const said = Array.from({ length: one.size }, (_, at) => String(texted + at));
          texted += one.size;
          const unit: Write[] = [
            {
              kind: "chunks",
              conversationId: one.id,
              chunks: said.map((text) => ({ role: "user", chunk: { type: "text", text } })),
            },
          ];
          if (one.isPoison) unit.push(began("t", "other"));
          let isKept = !one.isPoison;
          if (one.does === "append") store.append(unit);
          else {
            try {
              store.attempt(unit);
              assert.not.ok(one.isPoison);
            } catch (error) {
              assert.instance(error, StoreError);
              isKept = false;
            }
          }
          if (isKept) expected[one.id]?.push(...said);
        } else if (one.does === "break") breakDisk();
        else if (one.does === "mend") mendDisk();
        else if (one.does === "tick") clock.settle();
        else if (one.does === "second") clock.advance(limits.sealRetryMs);
        else if (one.does === "flush") store.flush();
        for (const [conversationId, all] of Object.entries(expected)) {
          const now = texts(store, conversationId);
          assert.equal(now, all.slice(0, now.length), "the committed texts are a prefix of the successful ones");
          assert.ok(store.latestSeq(conversationId) >= all.length);
        }
      }
      mendDisk();
      clock.advance(2 * limits.sealRetryMs);
      assert.is(store.failure, undefined);
      for (const [conversationId, all] of Object.entries(expected)) {
        assert.equal(texts(store, conversationId), all);
        assert.equal(
          store.chunks(conversationId).map(({ seq }) => seq),
          all.map((_, at) => at + 1),
        );
      }
      store.close();
      clock.settle();
      assert.is(clock.pending, 0);
    }),
    { numRuns: 200 },
  );
});

test.run();
