// Random histories against the whole embedded server: real conversations, turns and store. SEED and HISTORIES as in
// test/model/random.test.ts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../../budgets.ts";
import { chosenSeed } from "../../support/seed.ts";
import { playRandomHistories } from "../random.ts";
import { chosenRuns } from "./chosen.ts";

const test = suite("model: embedded histories");

test("turns, queues, cancels, failures and seals keep the contract, whatever happens around them", async () => {
  const seed = chosenSeed("embedded histories");
  const runs = chosenRuns(budgets.model.embeddedHistories);
  const { failures, ...report } = await playRandomHistories({ seed, runs, embedded: true });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  assert.is(failures.length, 0, failures.join("\n\n"));
  assert.is(report.runs, runs);
  assert.ok(report.commands > 5 * report.runs, `only ${report.commands} commands in ${report.runs} histories`);
  for (const count of [report.replies, report.recovered, report.reloaded, report.repeats])
    assert.ok(count > 0, `turnwire.v1 hardly came up: ${JSON.stringify(report)}`);
});

test.run();
