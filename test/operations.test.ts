// The dashboard and the alert rules use only metrics that the server has, each rule says why it matters, and the files
// can be parsed.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../src/limits.ts";
import { ServerProcess } from "./support/server-process.ts";
import { ask } from "./support/system-http.ts";

const test = suite("what operators are given");

const fileOf = (name: string): string => readFileSync(new URL(`../docs/operations/${name}`, import.meta.url), "utf8");
const dashboard = fileOf("grafana-dashboard.json");
const alerts = fileOf("alerts.yaml");

const namesIn = (text: string): Set<string> => new Set(text.match(/\b(?:turnwire|process|nodejs)_[a-z0-9_]+/g));
const histogramParts = /_(?:bucket|count|sum)$/;

test("every metric in the dashboard and the alert rules is one that the server exports", async () => {
  const server = await ServerProcess.start();
  const { text } = await ask(server, "/metrics");
  await server.stop();
  const shown = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const used = [...namesIn(dashboard), ...namesIn(alerts)];
  assert.ok(used.length > 20, used.join());
  const unknown = used.filter((name) => !shown.has(name) && !shown.has(name.replace(histogramParts, "")));
  assert.equal(unknown, []);
  for (const [, limit = ""] of `${dashboard}${alerts}`.matchAll(/limit=\\?"(\w+)\\?"/g))
    assert.ok(limit in limits, `there is no limit ${limit}`);
});

test("every turnwire metric except four is in the dashboard", async () => {
  const server = await ServerProcess.start();
  const { text } = await ask(server, "/metrics");
  await server.stop();
  const ours = [...text.matchAll(/^# TYPE (turnwire_\S+)/gm)].map(([, name = ""]) => name);
  const inDashboard = [...namesIn(dashboard)].map((name) => name.replace(histogramParts, ""));
  const left = ours.filter((name) => !inDashboard.includes(name));
  assert.equal(left, ["turnwire_watches", "turnwire_surfaces", "turnwire_turn_logs", "turnwire_writes_total"]);
});

test("the dashboard is JSON, and each panel has a title, a description and a query", () => {
  const { panels } = JSON.parse(dashboard) as {
    panels: { id: number; title: string; description: string; targets: { expr: string }[] }[];
  };
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, description, targets } of panels) {
    assert.ok(description.length > 5, title);
    assert.ok(targets.length > 0 && targets.every(({ expr }) => expr !== ""), title);
  }
});

test("each alert has an expression, a severity, a summary and a reason", () => {
  const rules = alerts.split(/^ {6}- alert: /m).slice(1);
  assert.ok(rules.length >= 8);
  for (const rule of rules)
    for (const field of [/^ {8}expr: \S/m, /severity: (page|ticket)/, /summary: \S/, /reason: \S/])
      assert.match(rule, field);
});

test.run();
