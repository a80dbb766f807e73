// Every path of the models is played on the running server, in the short form few paths that take every transition of
// the models; both take every transition of the charts concerned.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { type PathsReport, playPaths, sentencesOf } from "./paths.ts";

const test = suite("model: paths");

const { tourStepsMax } = budgets.model;
let report: PathsReport;

test.before(async () => {
  report = await playPaths({ tourStepsMax });
  process.stdout.write(`\n${sentencesOf(report).join("\n")}\n`);
});

test("on every path the client sees, and the server's actors are in, what the model says", () => {
  const failures = report.failures.map(
    ({ model, path, step, message }) => `${model}: ${path}\n  at ${step}: ${message}`,
  );
  assert.is(failures.length, 0, failures.join("\n"));
});

test("every model is walked whole, each transition of it is a step at least", () => {
  assert.equal(
    report.models.map(({ name }) => name),
    ["connection", "two-connections", "surface-subscription", "surface-subscription-mute", "host-life"],
  );
  for (const { name, states, transitions, found, paths, steps } of report.models) {
    assert.is(found.shortest, states, `${name}: a shortest path to every state`);
    assert.is(found.transition, transitions, `${name}: a path over every transition`);
    assert.ok(steps >= transitions, `${name}: ${paths} paths, ${steps} steps`);
    if (tourStepsMax === undefined) assert.ok(paths > states, `${name}: ${paths} paths, ${states} states`);
  }
});

test("every transition of connection, watch, surface and surface-watch is taken, and nothing comes unexpected", () => {
  assert.equal(
    report.coverage.map(({ chart }) => chart),
    ["connection", "watch", "surface", "surface-watch", "gateway"],
  );
  assert.equal(report.problems, []);
});

test.run();
