// Every path of the models is played on the running server, and takes every transition of the charts concerned.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { within } from "../support/deadline.ts";
import { type PathsReport, playPaths, sentencesOf } from "./paths.ts";

const test = suite("model: paths");

let report: PathsReport;

test.before(async () => {
  report = await within(playPaths(), "all paths to be played", budgets.model.pathsMs);
  process.stdout.write(`\n${sentencesOf(report).join("\n")}\n`);
});

test("on every path the client sees, and the server's actors are in, what the model says", () => {
  const failures = report.failures.map(
    ({ model, path, step, message }) => `${model}: ${path}\n  at ${step}: ${message}`,
  );
  assert.is(failures.length, 0, failures.join("\n"));
});

test("every model is walked whole, and thousands of steps are played", () => {
  assert.equal(
    report.models.map(({ name }) => name),
    ["connection", "two-connections", "surface-subscription", "surface-subscription-mute", "host-life"],
  );
  for (const { name, states, transitions, found, paths, steps } of report.models) {
    assert.is(found.shortest, states, `${name}: a shortest path to every state`);
    assert.is(found.transition, transitions, `${name}: a path over every transition`);
    assert.ok(steps >= transitions && paths > states, `${name}: ${paths} paths, ${steps} steps`);
  }
  const steps = report.models.reduce((sum, model) => sum + model.steps, 0);
  assert.ok(steps > 5_000, `${steps} steps`);
});

test("every transition of connection, watch, surface and surface-watch is taken, and nothing comes unexpected", () => {
  assert.equal(
    report.coverage.map(({ chart }) => chart),
    ["connection", "watch", "surface", "surface-watch", "gateway"],
  );
  assert.equal(report.problems, []);
});

test.run();
