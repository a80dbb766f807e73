// Visits every state that the composed world can reach, scope by scope. Reports the states, the transitions, each
// problem with the shortest path to it, and how much of each chart was reached.
// `node test/model/explore.ts --bounds larger` explores more.
import { pathToFileURL } from "node:url";
import type { AnyStateNode } from "xstate";
import { budgets } from "../budgets.ts";
import { transitionKeysOf } from "../support/transition-keys.ts";
import { invariants } from "./invariants.ts";
import type { Chart } from "./world/chart.ts";
import { type Exploration, exploreScope, type Violation } from "./world/exploration.ts";
import { largerScopes, leavesOut, scopes } from "./world/scopes.ts";
import type { Bounds } from "./world.ts";

export interface Reached {
  chart: string;
  /** States without the root. */
  states: number;
  of: number;
  transitions: number;
  transitionsOf: number;
}

export interface ExplorationReport {
  states: number;
  transitions: number;
  /** The length in steps of the longest of the shortest paths. */
  depth: number;
  /** Every state within the bounds of every scope was visited. */
  complete: boolean;
  /** States on a cycle of inner steps: no promise is broken, but work is wasted. */
  circling: number;
  bounds: readonly Bounds[];
  leavesOut: readonly string[];
  /** How many invariants were checked, besides the charts' agreement with the world and the return to rest. */
  invariants: number;
  violations: (Violation & { scope: string })[];
  reached: Reached[];
  /** Every combination of a chart's state, an event and its transitions there; see tripleOf. */
  triples: ReadonlySet<string>;
  scopes: { name: string; states: number; transitions: number; depth: number; complete: boolean; tookMs: number }[];
  tookMs: number;
}

export interface ExploreOptions {
  bounds?: readonly Bounds[];
  deadlineMs?: number;
}

export function explore(options: ExploreOptions = {}): ExplorationReport {
  const { bounds = scopes, deadlineMs = budgets.model.explorationMs } = options;
  const startedAt = performance.now();
  const explorations: Exploration[] = [];
  for (const scope of bounds) {
    const leftMs = Math.max(0, deadlineMs - (performance.now() - startedAt));
    const exploration = exploreScope({ bounds: scope, deadlineMs: leftMs });
    explorations.push(exploration);
    // One fault is enough to fix, and it would show in every scope.
    if (exploration.violations.length > 0) break;
  }
  const sum = (of: (one: Exploration) => number): number => explorations.reduce((all, one) => all + of(one), 0);
  return {
    states: sum(({ states }) => states),
    transitions: sum(({ transitions }) => transitions),
    depth: Math.max(...explorations.map(({ depth }) => depth)),
    complete: explorations.length === bounds.length && explorations.every(({ complete }) => complete),
    circling: sum(({ circling }) => circling),
    bounds,
    leavesOut,
    invariants: invariants.length,
    violations: explorations.flatMap((one) => one.violations.map((found) => ({ ...found, scope: one.bounds.name }))),
    reached: reachedBy(explorations),
    triples: new Set(explorations.flatMap(({ charts }) => charts.flatMap(({ reachedTriples }) => [...reachedTriples]))),
    scopes: explorations.map(({ bounds: { name }, states, transitions, depth, complete, tookMs }) => {
      return { name, states, transitions, depth, complete, tookMs };
    }),
    tookMs: performance.now() - startedAt,
  };
}

function reachedBy(explorations: readonly Exploration[]): Reached[] {
  const byChart = new Map<string, Chart[]>();
  for (const chart of explorations.flatMap(({ charts }) => charts))
    byChart.set(chart.name, [...(byChart.get(chart.name) ?? []), chart]);
  return [...byChart].flatMap(([name, charts]) => {
    const machine = charts[0]?.machine;
    if (!machine) return [];
    const states = new Set(charts.flatMap(({ reachedStates }) => [...reachedStates]));
    const taken = new Set(charts.flatMap(({ reachedTransitions }) => [...reachedTransitions]));
    const all = idsBelow(machine.root);
    const transitions = transitionKeysOf(machine);
    return [
      {
        chart: name,
        states: all.filter((id) => states.has(id)).length,
        of: all.length,
        transitions: transitions.filter((key) => taken.has(key)).length,
        transitionsOf: transitions.length,
      },
    ];
  });
}

const idsBelow = (node: AnyStateNode): string[] =>
  Object.values<AnyStateNode>(node.states).flatMap((child) => [child.id, ...idsBelow(child)]);

/** The report as readable text. */
export function printed(report: ExplorationReport): string {
  const number = (value: number): string => value.toLocaleString("en").padStart(11);
  const lines = report.scopes.map(
    ({ name, states, transitions, depth, complete }) =>
      `${number(states)} states ${number(transitions)} transitions, ${depth} deep${complete ? "" : ", not all"}: ` +
      name,
  );
  const seconds = (report.tookMs / 1_000).toFixed(1);
  lines.push(
    `${number(report.states)} states ${number(report.transitions)} transitions in ${seconds} s, ` +
      `${report.invariants} invariants, ${report.circling} states go round in circles`,
    "",
    ...report.reached.map(
      ({ chart, states, of, transitions, transitionsOf }) =>
        `${chart}: ${states} of ${of} states, ${transitions} of ${transitionsOf} transitions`,
    ),
    "",
    "Left out:",
    ...report.leavesOut.map((sentence) => `- ${sentence}`),
  );
  for (const { problem, path, scope } of report.violations)
    lines.push("", `VIOLATED in "${scope}": ${problem}`, ...path.map((step) => `  ${step}`));
  return lines.join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isLarger = process.argv.includes("larger");
  const larger = { bounds: largerScopes, deadlineMs: budgets.model.largerExplorationMs };
  const report = explore(isLarger ? larger : {});
  process.stdout.write(`${printed(report)}\n`);
  if (report.violations.length > 0 || !(isLarger || report.complete)) process.exitCode = 1;
}
