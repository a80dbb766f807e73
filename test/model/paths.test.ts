// Plays every path of the models on the running server. The short form plays a few paths that take every transition of
// the models. Both forms take every transition of the charts connection, watch and surface.
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

test("on every path the client sees what the model predicts, and the server's actors are in the model's state", () => {
  const failures = report.failures.map(
    ({ model, path, step, message }) => `${model}: ${path}\n  at ${step}: ${message}`,
  );
  assert.is(failures.length, 0, failures.join("\n"));
});

test("every model is walked completely, and each of its transitions is played at least once", () => {
  assert.equal(
    report.models.map(({ name }) => name),
    ["connection", "two-connections", "surface-subscription", "surface-subscription-mute", "host-life", "process-life"],
  );
  for (const { name, states, transitions, found, paths, steps } of report.models) {
    assert.is(found.shortest, states, `${name}: a shortest path to every state`);
    assert.is(found.transition, transitions, `${name}: a path over every transition`);
    assert.ok(steps >= transitions, `${name}: ${paths} paths, ${steps} steps`);
    if (tourStepsMax === undefined) assert.ok(paths > states, `${name}: ${paths} paths, ${states} states`);
  }
});

test("every transition of connection, watch, surface and gateway is taken, and no event is unexpected", () => {
  assert.equal(
    report.coverage.map(({ chart }) => chart),
    ["connection", "watch", "surface", "gateway"],
  );
  assert.equal(report.problems, []);
});

test.run();
