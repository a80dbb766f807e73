// Kills the server under load (`npm run kills -- --count 1000` plays more). Proves that a broken promise is found.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { FailingDisk } from "../support/failing-disk.ts";
import { chosenSeed } from "../support/seed.ts";
import { playKills } from "./loop.ts";

const test = suite("kills");

const seed = chosenSeed("kills");

test("a server that is killed under load again and again loses nothing that it promised", async () => {
  const { faults, ...figures } = await playKills({ seed, kills: budgets.kills });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.equal(faults, []);
  assert.ok(figures.turnsSealed > 0 && figures.textsTaken > 0, JSON.stringify(figures));
});

const disk = FailingDisk.find();
if (!disk) process.stdout.write("skipped: fiu-run is not installed (Debian's package fiu-utils)\n");

const onDisk = disk ? test : test.skip;
onDisk("a killed server whose disk reports errors now and then loses nothing that it promised", async () => {
  const { faults, ...figures } = await playKills({ seed, kills: budgets.killsOnFailingDisk, disk });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.equal(faults, []);
});

/** Deleting the last chunk of a conversation would leave no gap. */
const hasSuccessor =
  "EXISTS (SELECT 1 FROM chunks AS l WHERE l.conversation_id = chunks.conversation_id AND l.seq > chunks.seq)";
const gap = /the history's seqs are|its history begins/;
const spoiled: [what: string, sql: string, found: RegExp][] = [
  ["an answer", `DELETE FROM chunks WHERE role = 'assistant' AND ${hasSuccessor}`, gap],
  ["a question", `DELETE FROM chunks WHERE role = 'user' AND ${hasSuccessor}`, gap],
  [
    "a letter",
    "UPDATE chunks SET chunk = replace(chunk, 'w1 ', 'w! ') WHERE role = 'assistant'",
    /sealed with \d+ characters/,
  ],
  ["an idempotency key", "DELETE FROM kept_answers", /and after the kill/],
];

for (const [what, sql, found] of spoiled)
  test(`the loss of ${what} between two starts is found`, async () => {
    const spoil = (dataDir: string): void => {
      const database = new DatabaseSync(join(dataDir, "turnwire.db"));
      database.exec(sql);
      database.close();
    };
    const { faults } = await playKills({ seed, kills: 5, spoil });
    assert.ok(found.test(faults.join("\n")), faults.join("\n") || "nothing was found");
  });

test.run();
