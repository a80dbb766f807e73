// Tests the medians, ratios, targets and tables that the bench makes from its samples.
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Sample } from "./sample.ts";
import { median, medianRatio, percentile } from "./statistics.ts";
import { figure, targetTable, workloadTable } from "./table.ts";
import { atLeast, below, lane, Measured, type Workload } from "./workload.ts";

const sample = (cpuUs: number, more: Partial<Sample> = {}): Sample => ({
  units: 10,
  seconds: 1,
  ratePerSecond: 10,
  cpuUs,
  rssMiB: 100,
  generatorShare: 0.2,
  serverShare: 0.3,
  ...more,
});

const workload: Workload = {
  name: "tiny",
  title: "tiny",
  unit: "delivery",
  sockets: 1,
  lanes: [lane("turnwire"), lane("plain-ws")],
  parts: ["one"],
  repetitions: 3,
  prepare: () => Promise.reject(new Error("this test does not run the workload")),
  targets: () => [],
};

test("a ratio is taken within each repetition, so that a slow moment of the machine cancels out", () => {
  // The machine was ten times slower in the second repetition.
  assert.is(medianRatio([2, 20, 2], [6, 60, 6]), 3);
  assert.is(median([6, 60, 6]) / median([2, 20, 2]), 3);
  assert.is(medianRatio([2, 20, 2], [6, 60]), 3);
  assert.ok(Number.isNaN(medianRatio([2], [])));
});

test("a percentile is one of the values", () => {
  assert.is(percentile([3, 1, 2], 0.5), 2);
  assert.is(percentile([3, 1, 2], 1), 3);
  assert.is(percentile([3, 1, 2], 0.01), 1);
});

test("a target without a measurement has no row; the others hold or are missed", () => {
  assert.equal(atLeast("none", Number.NaN, 2), []);
  assert.equal(below("none", Number.NaN, 2), []);
  assert.equal(
    [...atLeast("a", 2, 2), ...atLeast("b", 1.99, 2), ...below("c", 2, 2), ...below("d", 1.99, 2)].map(
      ({ holds }) => holds,
    ),
    [true, false, false, true],
  );
});

test("the table has one row per part and lane, with its cost ratio against each baseline", () => {
  const measured = new Measured();
  for (const cpuUs of [2, 20, 2]) measured.add("one", "turnwire", sample(cpuUs, { p50Ms: 1.5 }));
  for (const cpuUs of [6, 60, 6]) measured.add("one", "plain-ws", sample(cpuUs, { generatorShare: 0.95 }));
  const lines = workloadTable(workload, measured).split("\n");
  assert.match(lines.find((line) => line.includes("| turnwire")) ?? "", /\| 2\.00 +\| 1\.50 .*\| 3\.00 /);
  assert.match(lines.find((line) => line.includes("| plain ws")) ?? "", /\| 6\.00 .*\| 95 % \(!\) +\| 1\.00 /);
});

test("a missed target is marked as MISS", () => {
  const text = targetTable([...below("small", 3, 2, "ms"), ...below("large", 1, 2)]);
  assert.match(text, /\| small +\| 3 ms +\| < 2 ms +\| MISS +\|/);
  assert.match(text, /\| large +\| 1 +\| < 2 +\| ok +\|/);
});

test("figures keep their significant digits, and NaN becomes an empty text", () => {
  assert.equal([0.123, 12.34, 1234.5, Number.NaN].map(figure), ["0.12", "12.3", "1,235", ""]);
});

test.run();
