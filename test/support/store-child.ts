// A separate process with a store, for tests that kill it, lock it out or fill its disk:
//   node store-child.ts hold|write|fill DIRECTORY
// It reports each step as one line on stdout, and reports data as stored only after its commit.
import { readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { StoreOpenError } from "../../src/ports/store.ts";
import { type Disk, provesFullDisk } from "./store-full-disk.ts";
import { began, ended, said } from "./store-rows.ts";
import { systemClock } from "./system-clock.ts";

const [mode = "", directory = ""] = process.argv.slice(2);
const report = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const options = { dataDir: directory, limits, logger: silentLogger, durability: "normal" } as const;

/** Holds the lock on the directory until stdin ends. */
function hold(): void {
  const store = openSqliteStore({ ...options, clock: systemClock });
  report("open");
  readFileSync(0);
  store.close();
}

/** Writes turns in an endless loop: began t, journal t part, ended t. First seals a turn left unsealed. */
async function write(): Promise<void> {
  const store = openSqliteStore({ ...options, clock: systemClock });
  const seal = (turnId: string): void => {
    store.attempt([{ kind: "turn.journalCleared", turnId }, said("a", `answer ${turnId}`), ended(turnId)]);
    report(`ended ${turnId}`);
  };
  for (const { turn } of store.unsealedTurns()) seal(turn.turnId);
  for (let number = store.turns("a").length + 1; ; number += 1) {
    const turnId = String(number);
    store.attempt([said("a", `prompt ${turnId}`), said("b", turnId), began(turnId, "a")]);
    report(`began ${turnId}`);
    for (let part = 1; part <= 4; part += 1) {
      store.append([{ kind: "turn.journal", turnId, parts: [{ kind: "text", text: String(part) }] }]);
      await new Promise<void>((resume) => systemClock.defer(resume));
      if (store.flush()) report(`journal ${turnId} ${part}`);
    }
    seal(turnId);
  }
}

/** DIRECTORY must be a small file system of its own. */
function fill(): void {
  const ballast = join(directory, "ballast");
  const disk: Disk = {
    open: (more) => openSqliteStore({ ...options, ...more }),
    fill(leavingBytes) {
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize));
      truncateSync(ballast, bavail * bsize - leavingBytes);
    },
    free: () => rmSync(ballast),
  };
  provesFullDisk(disk);
  rmSync(join(directory, "turnwire.db"));
  disk.fill(0);
  assert.throws(
    () => disk.open({ clock: systemClock, logger: silentLogger, onFailure: () => {} }),
    (error: unknown) => error instanceof StoreOpenError && error.message.includes(`${directory} is full`),
  );
  report("proved");
}

if (mode === "hold") hold();
else if (mode === "write") await write();
else fill();
