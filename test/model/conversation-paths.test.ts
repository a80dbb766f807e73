// Plays the paths of the models of a conversation and of a turn on whole embedded servers. No path may fail, and the
// paths must take every transition of the charts conversation and turn. SIMPLE_PATHS=1000 plays more of the longer
// paths. The short form plays a few paths that take every transition of the models.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { type ConversationPathsReport, playConversationPaths } from "./conversation-paths.ts";

const test = suite("paths of a conversation and of a turn");

const asked = process.env["SIMPLE_PATHS"];
const { tourStepsMax } = budgets.model;
const options = asked === undefined ? { tourStepsMax } : { simplePathsMax: Number(asked) };
let report: ConversationPathsReport;

test.before(async () => {
  report = await playConversationPaths(options);
  for (const { name, states, transitions, paths, steps } of report.models)
    process.stdout.write(`${name}: ${states} states, ${transitions} transitions, ${paths} paths, ${steps} steps\n`);
});

test("on every path the client sees what the model predicts, and the server's actors are in the model's state", () => {
  const words = report.failures.map(({ model, path, step, message }) => `${model}: ${path}\n  ${step}: ${message}`);
  assert.equal(words.join("\n"), "");
});

test("every path is played", () => {
  for (const { name, steps, transitions } of report.models) assert.ok(steps >= transitions, name);
});

test("every transition of the charts is taken, and no actor gets an event that its state does not expect", () => {
  for (const { chart, taken, all } of report.coverage) assert.is(taken, all, chart);
  assert.equal(report.problems, []);
});

test.run();
