// Random turns against the strictest endpoint (npm run endpoint-turns plays more): whatever became of earlier turns, no
// request is refused.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed } from "../support/seed.ts";
import { playTurns } from "./turns.ts";

const test = suite("endpoints: random turns");
const seed = chosenSeed("turns against a strict endpoint");

test("the strictest endpoint refuses nothing, whatever became of earlier turns", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "turnwire-turns-"));
  const { complaints, ...figures } = await playTurns({ seed, ...budgets.endpointTurns, dataDir });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  assert.equal(complaints, []);
  assert.ok(Object.keys(figures.ends).length >= 3, JSON.stringify(figures));
});

test.run();
