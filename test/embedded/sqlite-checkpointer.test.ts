// The write-ahead log is written back in turns of the loop that are not the commits' own, stays small also where no
// turn comes between commits, and where writing it back fails nothing else does.
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

test("short of its size it is left alone", () => {
  const { database, clock, commit } = open();
  for (let count = 0; count < 10; count++) commit(1_000);
  assert.is(clock.pending, 0);
  database.close();
});

test("over its size it is written back, after the turn of the commit, and then begun anew", () => {
  const { database, clock, commit, file, bytesOf } = open();
  commit(logBytes);
  assert.is(clock.pending, 1, "one piece, not in the commit");
  assert.ok(bytesOf(file) < logBytes / 2, "nothing is written back yet");
  clock.settle();
  assert.ok(bytesOf(file) > logBytes, "all of it is in the database");
  for (let count = 0; count < 20; count++) {
    commit(logBytes);
    clock.settle();
  }
  assert.ok(bytesOf(`${file}-wal`) < 2 * logBytes, `${bytesOf(`${file}-wal`)} bytes of log after 20 MiB`);
  database.close();
  assert.is(readFileSync(file).length >= 21 * logBytes, true);
});

test("many commits of one turn ask for it once, and do not let it grow over its bound", () => {
  const { database, clock, commit, file, bytesOf } = open();
  for (let count = 0; count < 200; count++) commit(logBytes / 4);
  assert.is(clock.pending, 1);
  const most = autoCheckpointFactor * logBytes + logBytes / 2;
  assert.ok(bytesOf(`${file}-wal`) < most, `${bytesOf(`${file}-wal`)} bytes, at most ${most}`);
  clock.settle();
  assert.is(clock.pending, 0);
  database.close();
});

test("where it cannot be written back that is said once, tried again after a rest, and said when it is well", () => {
  const { database, clock, commit, said } = open();
  commit(logBytes);
  // Within a transaction SQLite refuses to.
  database.exec("BEGIN IMMEDIATE; INSERT INTO said (words) VALUES (zeroblob(10))");
  clock.settle();
  database.exec("COMMIT");
  assert.equal(said, ["store: a checkpoint of the write-ahead log failed"]);
  commit(10);
  assert.is(clock.pending, 0, "it rests");
  clock.advance(limits.sealRetryMs);
  commit(10);
  clock.settle();
  assert.equal(said.slice(1), ["store: checkpoints of the write-ahead log work again"]);
  database.close();
});

test("a database that was closed meanwhile is left alone, and one in memory has no log", () => {
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
