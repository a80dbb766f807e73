// Random histories with every limit at its smallest, on a scripted host and on the whole embedded server.
import "./limits.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { chosenRuns } from "../model/random/chosen.ts";
import { playRandomHistories } from "../model/random.ts";
import { chosenSeed } from "../support/seed.ts";

const test = suite("smallest limits: histories");

for (const embedded of [false, true])
  test(`histories ${embedded ? "with a store" : "on a host"} keep every promise with the smallest limits`, async () => {
    const seed = chosenSeed("histories on the smallest limits");
    const runs = chosenRuns(budgets.smallest.histories);
    const { failures, ...report } = await playRandomHistories({ seed, runs, embedded });
    process.stdout.write(`${JSON.stringify(report)}\n`);
    assert.is(failures.length, 0, failures.join("\n\n"));
    assert.is(report.runs, runs);
    for (const count of [report.replies, report.recovered, report.reloaded])
      assert.ok(count > 0, `turnwire.v1 was hardly used: ${JSON.stringify(report)}`);
  });

test.run();
