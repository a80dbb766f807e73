// The SQLite store fulfils the contract of the store port, in a file, in memory and across restarts.
import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { SimulatedClock } from "../support/clock.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { began, conversationRow, created, ended, queued, rememberingLogger, said } from "../support/store-rows.ts";
import { storeSuite } from "../support/store-suite.ts";

const open = (dataDir: string, clock: Clock = new SimulatedClock()): Store =>
  openSqliteStore({ dataDir, clock, logger: silentLogger, limits, durability: "normal" });

storeSuite("the SQLite store in a file", (clock) => open(temporaryDirectory(), clock)).run();
storeSuite("the SQLite store in memory", (clock) => open(":memory:", clock)).run();
storeSuite("the SQLite store with full durability", (clock) =>
  openSqliteStore({ dataDir: temporaryDirectory(), clock, logger: silentLogger, limits, durability: "full" }),
).run();

const test = suite("the SQLite store across restarts");

test("after a restart everything committed is there, and numbering continues", () => {
  const directory = join(temporaryDirectory(), "deep", "below");
  const first = open(directory);
  first.attempt([created("a", { title: "Kept" }), said("a", "1", "2"), queued("a", "q1"), began("t1", "a")]);
  first.append([{ kind: "turn.journal", turnId: "t1", parts: [{ kind: "text", text: "half" }] }]);
  first.close();
  const second = open(directory);
  assert.is(second.conversation("a")?.title, "Kept");
  assert.equal(second.unsealedTurns()[0]?.journal, [{ kind: "text", text: "half" }]);
  second.attempt([said("a", "3"), queued("a", "q2"), ended("t1")]);
  second.close();
  const third = open(directory);
  assert.equal(
    third.chunks("a").map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.equal(
    third.queue("a").map(({ id }) => id),
    ["q1", "q2"],
  );
  assert.equal(third.unsealedTurns(), []);
  third.close();
});

test("no other user can read a new database, and its directory is created with its parents", () => {
  const directory = join(temporaryDirectory(), "a", "b");
  const store = open(directory);
  store.attempt([said("a", "secret")]);
  for (const made of [directory, join(directory, "..")]) assert.is(statSync(made).mode & 0o777, 0o700);
  for (const file of ["turnwire.db", "turnwire.db-wal"])
    assert.is(statSync(join(directory, file)).mode & 0o077, 0, file);
  store.close();
  assert.not.ok(existsSync(join(directory, "turnwire.db-wal")), "a closed database is one file");
});

test("permissions that were set on the database are kept", () => {
  const directory = temporaryDirectory();
  open(directory).close();
  chmodSync(join(directory, "turnwire.db"), 0o640);
  open(directory).close();
  assert.is(statSync(join(directory, "turnwire.db")).mode & 0o777, 0o640);
});

test("a change of a missing row is logged", () => {
  const { logger, lines } = rememberingLogger();
  const store = openSqliteStore({
    dataDir: ":memory:",
    clock: new SimulatedClock(),
    logger,
    limits,
    durability: "normal",
  });
  store.attempt([
    { kind: "conversation.changed", id: "a", patch: {} },
    ended("t"),
    { kind: "turn.step", turnId: "s", step: { stepId: "1" } },
    { kind: "conversation.compacted", id: "b", archive: conversationRow("archive"), chunks: [] },
  ]);
  store.close();
  assert.equal(
    lines.map(({ level, fields }) => [level, fields]),
    [
      ["warn", { kind: "conversation.changed", id: "a" }],
      ["warn", { kind: "turn.ended", id: "t" }],
      ["warn", { kind: "turn.step", id: "s" }],
      ["warn", { kind: "conversation.compacted", id: "b" }],
    ],
  );
});

test.run();
