// Tests the checkers: each fault that is seeded into a chart must be found by a suite of the judge.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mutants } from "./mutants.ts";
import { judgeMutants, listOf } from "./mutation.ts";

const test = suite("model: mutants");

test("there are ten faults or more, at least one for every chart, and each changes the chart that it names", () => {
  assert.ok(mutants.length >= 10);
  const names = ["gateway", "connection", "watch", "surface", "conversation", "turn"];
  assert.equal(
    names.filter((name) => !mutants.some(({ chart }) => chart === name)),
    [],
  );
  for (const { name, chart, seed } of mutants) {
    const source = readFileSync(new URL(`../../machines/${chart}.ts`, import.meta.url), "utf8");
    assert.is.not(seed(source), source, name);
    assert.throws(() => seed("something else"), new RegExp(`the mutant "${name}" changes what is not once`));
  }
});

test(`each of ${mutants.length} seeded faults is found`, async () => {
  const report = await judgeMutants(mutants);
  process.stdout.write(`\n${listOf(report)}\n`);
  assert.equal(report.survivors, []);
});

test.run();
