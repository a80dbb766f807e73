// Random histories on servers that break a promise. Each broken promise must be found soon and reported in a few
// readable steps. Otherwise histories without a failure would prove nothing.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../../budgets.ts";
import { chosenSeed } from "../../support/seed.ts";
import { playRandomHistories } from "../random.ts";
import { sabotages } from "./sabotage.ts";

const test = suite("model: sabotage");

const seed = chosenSeed("sabotage");
const patience = { firstMs: 500, laterMs: 150, shrinkMs: 1_000 };
/** The most steps that a person can still follow. Most failures take three to six. */
const stepsMost = 40;

const { sabotageEvery } = budgets.model;
for (const { what, promise, sabotage } of sabotages.filter((_, index) => index % sabotageEvery === 0))
  test(`a fault is found: ${what}`, async () => {
    const report = await playRandomHistories({ seed, runs: 5_000, sabotage: sabotage(), patience });
    const [failure = "nothing was found"] = report.failures;
    assert.ok(promise.test(failure), failure);
    const steps = failure.split("\n").filter((line) => /^ {2}\d+\. /.test(line));
    assert.ok(steps.length <= stepsMost, failure);
    assert.match(failure, /^SEED=\d+, shrunk \d+ times: \d clients, \d conversations\n/);
  });

test.run();
