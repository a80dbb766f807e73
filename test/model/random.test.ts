// Random histories against the running server. SEED=… chooses the first seed, HISTORIES=… the number of histories.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenSeed } from "../support/seed.ts";
import { chosenRuns } from "./random/chosen.ts";
import { playRandomHistories } from "./random.ts";

const test = suite("model: random histories");

test("whatever clients, agents, hosts and surfaces do in any order, the server keeps the contract", async () => {
  const seed = chosenSeed("random histories");
  const runs = chosenRuns(budgets.model.histories);
  const { failures, ...report } = await playRandomHistories({ seed, runs });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  assert.is(failures.length, 0, failures.join("\n\n"));
  assert.is(report.runs, runs);
  assert.ok(report.commands > 5 * report.runs, `only ${report.commands} commands in ${report.runs} histories`);
  assert.ok(report.clientsMost > 1, JSON.stringify(report));
  const { replies, recovered, reloaded, repeats, others } = report;
  for (const count of [replies / 10, recovered, reloaded, repeats, others])
    assert.ok(count > runs / 500, `turnwire.v1 hardly came up: ${JSON.stringify(report)}`);
});

test.run();
