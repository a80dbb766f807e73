// The store and other processes: a crash loses nothing that was reported as stored, and a directory has one owner.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { type Store, StoreOpenError } from "../../src/ports/store.ts";
import { SimulatedClock } from "../support/clock.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { StoreProcess } from "../support/store-process.ts";

const test = suite("the SQLite store and other processes");

const open = (dataDir: string): Store =>
  openSqliteStore({ dataDir, clock: new SimulatedClock(), logger: silentLogger, limits, durability: "normal" });

/** The highest number of each kind that the child reported. */
function reported(lines: string[]): { began: number; ended: number; part: (turnId: string) => number } {
  const highest = (pattern: RegExp): number =>
    Math.max(0, ...lines.map((line) => Number(pattern.exec(line)?.[1] ?? 0)));
  return {
    began: highest(/^began (\d+)$/),
    ended: highest(/^ended (\d+)$/),
    part: (turnId) => highest(new RegExp(`^journal ${turnId} (\\d+)$`)),
  };
}

test("kill -9 at any point loses nothing that was reported as stored", async () => {
  const directory = temporaryDirectory();
  let turnsBefore = 0;
  for (let round = 0; round < 10; round += 1) {
    const child = new StoreProcess("write", directory);
    await child.said(1 + round * 37 + Math.floor(Math.random() * 400));
    await child.kill();
    const said = reported(child.lines);
    const store = open(directory);
    const chunks = store.chunks("a");
    const turns = store.turns("a");
    const unsealed = store.unsealedTurns();
    const sealed = turns.length - unsealed.length;
    const state = JSON.stringify({ round, last: child.lines.slice(-3), turns: turns.length, chunks: chunks.length });

    assert.ok(turns.length >= said.began && turns.length > turnsBefore, state);
    assert.ok(sealed >= said.ended && unsealed.length <= 1, state);
    assert.equal(
      chunks.map(({ seq }) => seq),
      chunks.map((_, at) => at + 1),
      state,
    );
    const expected = turns.flatMap(({ turn: { turnId, endedAt } }) =>
      endedAt === null ? [`prompt ${turnId}`] : [`prompt ${turnId}`, `answer ${turnId}`],
    );
    assert.equal(
      chunks.map(({ chunk }) => "text" in chunk && chunk.text),
      expected,
      `a unit is stored completely or not at all: ${state}`,
    );
    assert.is(store.latestSeq("b"), turns.length, state);
    for (const { turn, journal } of unsealed) {
      assert.ok(journal.length >= said.part(turn.turnId), state);
      assert.equal(
        journal,
        journal.map((_, at) => ({ kind: "text", text: String(at + 1) })),
        state,
      );
    }
    turnsBefore = turns.length;
    store.close();
  }
});

test("a directory in use is refused to a second process, and is free when the first process has ended", async () => {
  const directory = temporaryDirectory();
  for (const leave of ["end", "kill"] as const) {
    const owner = new StoreProcess("hold", directory);
    await owner.said(1);
    assert.throws(
      () => open(directory),
      (error: unknown) =>
        error instanceof StoreOpenError && error.message.includes(`${directory} is in use by another turnwire`),
    );
    await owner[leave]();
    open(directory).close();
  }
  const store = open(directory);
  const refused = new StoreProcess("hold", directory);
  assert.is(await refused.end(), 1);
  assert.match(refused.errors, /StoreOpenError: The data directory .* is in use by another turnwire/);
  store.close();
});

test.run();
