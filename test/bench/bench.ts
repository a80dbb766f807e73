// `npm run bench`: measures turnwire, plain ws, Socket.IO and Bun in turn. Each server is a process of its own with a
// load generator of its own. Prints one table per workload, then the targets. Writes all samples as JSON, and a page of
// plots. Uses only loopback, and ends by itself.
//
//   npm run bench                      every workload, about 20 minutes
//   npm run bench -- --quick           smaller numbers, some with fewer repetitions, under 3 minutes
//   npm run bench -- fan-out-1000 idle only these workloads
//   npm run bench -- --out FILE.json   file for the samples (bench/results.json); the plots go beside it as .svg
//   npm run bench -- --plots FILE.json only redraws the plots of an earlier run
//   npm run bench -- --judge           also fails when a target is missed, not only when a workload cannot be measured
import { parseArgs } from "node:util";
import { catalogue } from "./catalogue.ts";
import { conditions, hasRoomFor } from "./machine.ts";
import { plots } from "./plots.ts";
import { type Results, readResults, resultOf, writeText } from "./results.ts";
import { run } from "./run.ts";
import { bunVersion } from "./servers.ts";
import { targetTable, workloadTable } from "./table.ts";
import { scaleOf, type Workload } from "./workload.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    judge: { type: "boolean", default: false },
    plots: { type: "string" },
    out: { type: "string", default: "bench/results.json" },
  },
});
const { quick, judge, out } = values;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function chosen(): Workload[] {
  const all = catalogue(scaleOf(quick));
  const unknown = positionals.find((name) => !all.some((workload) => workload.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no workload "${unknown}": choose from ${all.map(({ name }) => name).join(", ")}`);
  return positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  const bun = bunVersion();
  const raised = new Set<string>();
  const results: Results = { madeAt: new Date().toISOString(), quick, conditions: [], workloads: [], targets: [] };
  const failures: string[] = [];
  for (const workload of chosen()) {
    if (!hasRoomFor(workload.sockets)) {
      say(`## ${workload.title}\n\nLeft out: the limit of open files is too low for it.\n`);
      continue;
    }
    const began = performance.now();
    try {
      const measured = await run(workload, {
        quick,
        isHere: ({ server }) => server !== "bun" || bun !== undefined,
        raised: (sentence) => raised.add(sentence),
      });
      results.workloads.push(resultOf(workload, measured, (performance.now() - began) / 1_000));
      results.targets.push(...workload.targets(measured));
      say(workloadTable(workload, measured));
    } catch (error) {
      failures.push(workload.name);
      say(`## ${workload.title}\n\nFAILED: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  results.conditions = conditions(bun, raised);
  const minutes = (performance.now() - startedAt) / 60_000;
  const missed = results.targets.filter(({ holds }) => !holds).length;
  say(targetTable(results.targets));
  say(results.conditions.map((sentence) => `- ${sentence}`).join("\n"));
  writeText(out, `${JSON.stringify(results)}\n`);
  writeText(plotsFor(out), plots(results));
  say(`\n${results.targets.length - missed} targets hold, ${missed} missed; ${minutes.toFixed(1)} minutes; see ${out}`);
  if (failures.length > 0) say(`could not be measured: ${failures.join(", ")}`);
  process.exitCode = failures.length > 0 || (judge && missed > 0) ? 1 : 0;
}

const plotsFor = (file: string): string => file.replace(/(\.json)?$/, ".svg");

if (values.plots === undefined) await main();
else writeText(plotsFor(values.plots), plots(readResults(values.plots)));
