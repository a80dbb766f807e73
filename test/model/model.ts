// `npm run model`: prints everything that is proved about the charts in one table. Fails when a proof fails.
//
//   npm run model                 as in CI
//   npm run model -- --larger     longer paths, larger bounds, more histories; takes much longer
//   npm run model -- --glance     a little of each part; fails, and lists what is missing
//   SEED=… npm run model          the random histories of that seed
import { parseArgs } from "node:util";
import { budgets } from "../budgets.ts";
import { inWords, simulate } from "../simulation/simulate.ts";
import { randomSeed } from "../support/seed.ts";
import { charts, declaredEvents } from "./charts.ts";
import { outOfScopeBecause, untried } from "./conformance/triples.ts";
import { Conformance } from "./conformance.ts";
import { playConversationPaths } from "./conversation-paths.ts";
import type { CoverageRow } from "./coverage.ts";
import { explore } from "./explore.ts";
import { unseen } from "./mutants/unseen.ts";
import { allMutants } from "./mutants.ts";
import { isSeen, judgeMutants, layers, problemsOf, rowsOf, staleKeys } from "./mutation.ts";
import { type PathsReport, playPaths } from "./paths.ts";
import { playRandomHistories } from "./random.ts";
import { checkStructure } from "./structure.ts";
import { largerScopes } from "./world/scopes.ts";

/** The charts whose every transition must be taken on the running server. */
const covered = ["gateway", "connection", "watch", "surface", "conversation", "turn"];

const { values } = parseArgs({ options: { larger: { type: "boolean" }, glance: { type: "boolean" } } });
const isLarger = values.larger === true;
/** Plays a little of each part, for the test of this file. Too little for the proofs to succeed. */
const isGlance = values.glance === true;
const problems: string[] = [];
/** Lists that are printed below the table. */
const afterwards: string[] = [];
const watched = new Conformance(charts);
/** What the exploration has tried. */
let tried: ReadonlySet<string> = new Set();

const say = (line = ""): void => {
  process.stdout.write(`${line}\n`);
};
const number = (value: number): string => value.toLocaleString("en");
const row = (what: string, measured: string): void => say(`| ${what} | ${measured} |`);
const percent = (taken: number, all: number): string => `${all === 0 ? 0 : Math.floor((100 * taken) / all)} %`;

say("| proof | measured |\n|---|---|");
proveStructure();
await provePaths();
proveEverything();
await proveHistories();
await proveConformance();
await proveMutants();

for (const list of afterwards) say(`\n${list}`);
say();
for (const problem of problems) say(`FAILED ${problem}`);
say(problems.length === 0 ? "everything holds" : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function proveStructure(): void {
  const { machines, states, transitions, guards, configurations, faults } = checkStructure(charts, declaredEvents);
  row("machines", number(machines));
  row("states, transitions, guards", `${number(states)}, ${number(transitions)}, ${number(guards)}`);
  row("combinations of states walked; faults of structure", `${number(configurations)}; ${faults.length}`);
  problems.push(...faults.map(({ sentence }) => sentence));
}

async function provePaths(): Promise<void> {
  const reports: Pick<PathsReport, "models" | "coverage" | "failures" | "problems">[] = [
    await playPaths(pathsOptions("host-life")),
    await playConversationPaths(pathsOptions("turn")),
  ];
  for (const { models, failures, problems: found } of reports) {
    for (const { name, states, transitions, paths, steps } of models)
      row(
        `model of ${name}: states, transitions; paths played, steps`,
        `${number(states)}, ${number(transitions)}; ${number(paths)}, ${number(steps)}`,
      );
    problems.push(...failures.map(({ model, path, step, message }) => `${model}: ${path}, at ${step}: ${message}`));
    problems.push(...found);
  }
  const best = bestOf(reports.flatMap(({ coverage }) => coverage));
  for (const chart of covered) {
    const { taken, all, missing } = best.get(chart) ?? { taken: 0, all: 0, missing: [] };
    row(`chart ${chart}: transitions taken on the running server`, `${taken} of ${all}, ${percent(taken, all)}`);
    if (all === 0) problems.push(`the chart ${chart} was not looked at`);
    problems.push(...missing.map((key) => `no path takes the transition ${key}`));
  }
}

function pathsOptions(glanced: string): { simplePathsMax?: number; models?: string[] } {
  if (isGlance) return { simplePathsMax: 0, models: [glanced] };
  return isLarger ? { simplePathsMax: 1_000 } : {};
}

/** For each chart, the row with the most transitions taken. */
function bestOf(rows: CoverageRow[]): Map<string, CoverageRow> {
  const best = new Map<string, CoverageRow>();
  for (const one of rows) if ((best.get(one.chart)?.taken ?? -1) < one.taken) best.set(one.chart, one);
  return best;
}

function proveEverything(): void {
  const { states, transitions, depth, complete, circling, invariants, violations, scopes, leavesOut, triples } =
    explore(
      isLarger
        ? { bounds: largerScopes, deadlineMs: budgets.model.largerExplorationMs }
        : isGlance
          ? { deadlineMs: 1_000 }
          : {},
    );
  tried = triples;
  row("explored: states, transitions", `${number(states)}, ${number(transitions)}`);
  row("… in so many scopes, the deepest", `${scopes.length}, ${depth} steps`);
  row("… invariants checked in each state", number(invariants));
  row("… states in which work goes round in circles", number(circling));
  afterwards.push(["The exploration leaves out:", ...leavesOut.map((sentence) => `- ${sentence}`)].join("\n"));
  for (const { problem, path, scope } of violations)
    problems.push(`explored (${scope}): ${problem}\n${path.map((step) => `  ${step}`).join("\n")}`);
  if (circling > 0) problems.push(`in ${circling} explored states work goes round in circles`);
  if (!complete && !isLarger) problems.push("the exploration did not visit every state within its bounds");
}

async function proveHistories(): Promise<void> {
  const seed = Number(process.env["SEED"] ?? randomSeed());
  row("seed of the random histories", `${seed}`);
  for (const embedded of [false, true]) {
    const usualMs = embedded ? budgets.model.embeddedHistoriesMs : budgets.model.historiesMs;
    const timeMs = isGlance ? 1_000 : isLarger ? usualMs * 20 : usualMs;
    const options = { seed, runs: Number.MAX_SAFE_INTEGER, timeMs, embedded, watch: watched.watch };
    const played = await playRandomHistories(options);
    const { runs, commands, clientsMost, failures } = played;
    const where = embedded ? "the whole server" : "the gateway before a scripted host";
    const what = `random histories on ${where}: operations; clients at most`;
    row(what, `${number(runs)}: ${number(commands)}; ${clientsMost}`);
    const { replies, recovered, reloaded, repeats, others } = played;
    const counts = [replies, recovered, reloaded, repeats, others].map(number).join(", ");
    row("… replies; verdicts that recovered, that did not; repeated keys, used otherwise", counts);
    if (runs < budgets.model.historiesLeast) problems.push(`only ${runs} random histories were played on ${where}`);
    problems.push(...failures);
  }
}

async function proveMutants(): Promise<void> {
  const mutants = allMutants();
  const plays = isGlance ? "none" : isLarger ? "all" : "unseen";
  const verdicts = await judgeMutants(isGlance ? mutants.slice(0, 10) : mutants, { plays });
  row("faulty charts; found by exploration, paths, histories; only by structure, by their own claims, by nobody", "");
  for (const { chart, mutants: all, by } of rowsOf(verdicts))
    row(`… of ${chart}`, `${all}; ${layers.map((layer) => by[layer]).join(", ")}`);
  const dropped = verdicts.filter(({ mutant }) => mutant.kind === "dropped");
  row("references to actions; whose effect is seen", `${dropped.length}; ${dropped.filter(isSeen).length}`);
  problems.push(...problemsOf(verdicts), ...staleKeys(mutants).map((key) => `there is no mutant "${key}"`));
  const reasons = Object.entries(unseen).map(([reason, keys]) => `- ${reason} (${keys.join("; ")})`);
  afterwards.push(["Faults of which nothing is seen:", ...reasons].join("\n"));
}

/** Holds what the actors of all histories did, and of a simulation, against their charts and the exploration. */
async function proveConformance(): Promise<void> {
  const seeds = isGlance ? 1 : budgets.model.conformance.seeds;
  const { failures } = await simulate({ seed: 1, seeds, sabotage: ({ gateway }) => watched.watch(gateway.root) });
  const { moves, triples } = watched;
  row(
    "moves of actors on running servers, replayed on their charts; different ones",
    `${number(moves)}; ${triples.size}`,
  );
  problems.push(...failures.map(inWords), ...watched.problems, ...untried(triples, tried));
  afterwards.push(
    ["Servers also do, and the exploration does not try:", ...outOfScopeBecause.map((one) => `- ${one}`)].join("\n"),
  );
}
