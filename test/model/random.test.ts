// Random histories against the running server. SEED=… begins with that seed, HISTORIES_MS=… plays for longer.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed, chosenTimeMs } from "./random/chosen.ts";
import { playRandomHistories } from "./random.ts";

const test = suite("model: random histories");

test("whatever clients, agents, hosts and surfaces do in whatever order, the server keeps its word", async () => {
  const seed = chosenSeed("random histories");
  const timeMs = chosenTimeMs(budgets.model.historiesMs);
  const { failures, ...report } = await playRandomHistories({ seed, runs: Number.MAX_SAFE_INTEGER, timeMs });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  assert.is(failures.length, 0, failures.join("\n\n"));
  assert.ok(report.runs >= 100, `only ${report.runs} histories were played`);
  assert.ok(report.commands > 5 * report.runs, `only ${report.commands} commands in ${report.runs} histories`);
  assert.is(report.clientsMost, 4);
  const { replies, recovered, reloaded, repeats, others } = report;
  for (const count of [replies / 10, recovered, reloaded, repeats, others])
    assert.ok(count >= 5, `turnwire.v1 hardly came up: ${JSON.stringify(report)}`);
});

test.run();
