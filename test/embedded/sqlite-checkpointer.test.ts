// Checkpoints of the write-ahead log run in other turns of the event loop than the commits. The log stays small even if
// no turn comes between commits, and a failing checkpoint makes nothing else fail.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { autoCheckpointFactor, Checkpointer } from "../../src/embedded/sqlite-store/checkpointer.ts";
import { openDatabase } from "../../src/embedded/sqlite-store/open-database.ts";
import { limits } from "../../src/limits.ts";
import type { Logger } from "../../src/ports/logger.ts";
import { SimulatedClock } from "../support/clock.ts";
import { temporaryDirectory } from "../support/store-place.ts";

const test = suite("write-ahead log");

const pageBytes = 4_096;
const logBytes = limits.storeCheckpointPages * pageBytes;

function open() {
  const directory = temporaryDirectory();
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const logger = { debug: say, info: say, warn: say, error: say } as unknown as Logger;
  const { database } = openDatabase(directory, "normal", limits, logger);
  database.exec("CREATE TABLE said (id INTEGER PRIMARY KEY, words BLOB)");
  const insert = database.prepare("INSERT INTO said (words) VALUES (zeroblob(?))");
  const clock = new SimulatedClock();
  const checkpointer = new Checkpointer(database, clock, limits, logger);
  const file = join(directory, "turnwire.db");
  const commit = (bytes: number): void => {
    insert.run(bytes);
    checkpointer.committed();
  };
  return { database, checkpointer, clock, said, commit, file, bytesOf: (name: string): number => statSync(name).size };
}

test("a log below its size limit is left alone", () => {
  const { database, clock, commit } = open();
  for (let count = 0; count < 10; count++) commit(1_000);
  assert.is(clock.pending, 0);
  database.close();
});

test("a log above its size limit is checkpointed after the turn of the commit, and then starts over", () => {
  const { database, clock, commit, file, bytesOf } = open();
  commit(logBytes);
  assert.is(clock.pending, 1, "one job is scheduled, outside the commit");
  assert.ok(bytesOf(file) < logBytes / 2, "nothing is checkpointed yet");
  clock.settle();
  assert.ok(bytesOf(file) > logBytes, "the whole log is in the database");
  for (let count = 0; count < 20; count++) {
    commit(logBytes);
    clock.settle();
  }
  assert.ok(bytesOf(`${file}-wal`) < 2 * logBytes, `${bytesOf(`${file}-wal`)} bytes of log after 20 MiB`);
  database.close();
  assert.is(readFileSync(file).length >= 21 * logBytes, true);
});

test("many commits in one turn request one checkpoint, and the log stays within its bound", () => {
  const { database, clock, commit, file, bytesOf } = open();
  for (let count = 0; count < 200; count++) commit(logBytes / 4);
  assert.is(clock.pending, 1);
  const most = autoCheckpointFactor * logBytes + logBytes / 2;
  assert.ok(bytesOf(`${file}-wal`) < most, `${bytesOf(`${file}-wal`)} bytes, at most ${most}`);
  clock.settle();
  assert.is(clock.pending, 0);
  database.close();
});

test("a failing checkpoint is logged once, retried after a pause, and logged when it succeeds again", () => {
  const { database, clock, commit, said } = open();
  commit(logBytes);
  // SQLite refuses a checkpoint inside a transaction.
  database.exec("BEGIN IMMEDIATE; INSERT INTO said (words) VALUES (zeroblob(10))");
  clock.settle();
  database.exec("COMMIT");
  assert.equal(said, ["store: a checkpoint of the write-ahead log failed"]);
  commit(10);
  assert.is(clock.pending, 0, "no checkpoint is scheduled during the pause");
  clock.advance(limits.sealRetryMs);
  commit(10);
  clock.settle();
  assert.equal(said.slice(1), ["store: checkpoints of the write-ahead log work again"]);
  database.close();
});

test("a database that was closed in between is left alone, and one in memory has no log", () => {
  const { database, clock, commit, said } = open();
  commit(logBytes);
  database.close();
  clock.settle();
  assert.equal(said, []);
  const inMemory = new DatabaseSync(":memory:");
  new Checkpointer(inMemory, clock, limits, {} as Logger).committed();
  assert.is(clock.pending, 0);
  inMemory.close();
});

test.run();
