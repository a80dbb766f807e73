// Random histories against the whole embedded server: real conversations, turns and store. SEED and HISTORIES_MS as in
// test/model/random.test.ts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../../budgets.ts";
import { playRandomHistories } from "../random.ts";
import { chosenSeed, chosenTimeMs } from "./chosen.ts";

const test = suite("model: embedded histories");

test("turns, queues, cancels, failures and seals keep the contract, whatever happens around them", async () => {
  const seed = chosenSeed("embedded histories");
  const timeMs = chosenTimeMs(budgets.model.embeddedHistoriesMs);
  const options = { seed, runs: Number.MAX_SAFE_INTEGER, timeMs, embedded: true };
  const { failures, ...report } = await playRandomHistories(options);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  assert.is(failures.length, 0, failures.join("\n\n"));
  assert.ok(report.runs >= 50, `only ${report.runs} histories were played`);
  assert.ok(report.commands > 5 * report.runs, `only ${report.commands} commands in ${report.runs} histories`);
  for (const count of [report.replies, report.recovered, report.reloaded, report.repeats])
    assert.ok(count > 0, `turnwire.v1 hardly came up: ${JSON.stringify(report)}`);
});

test.run();
