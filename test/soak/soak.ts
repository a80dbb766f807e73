// `npm run soak -- --minutes 60 [--visitors 100] [--out FILE]`: sockets connect, leave, stall and resume, and turns
// run, for the given time. Meanwhile the server's resources are sampled. Prints the growth, writes the samples as JSON
// and a page of plots, and fails when a figure grows that should be flat.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { randomSeed } from "../support/seed.ts";
import { playSoak } from "./play.ts";
import { soakPlots } from "./plots.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    visitors: { type: "string", default: "100" },
    seed: { type: "string" },
    out: { type: "string", default: "soak/samples.json" },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? randomSeed());
process.stdout.write(`soak: --minutes ${minutes} --visitors ${values.visitors} --seed ${seed}\n`);
const report = await playSoak({
  ...{ seed, forMs: minutes * 60_000, visitors: Number(values.visitors) },
  look: { files: (directory) => bytesIn(directory), handles: handlesOf },
});
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, `${JSON.stringify(report, undefined, 1)}\n`);
writeFileSync(values.out.replace(/\.json$/, ".svg"), soakPlots(report));
const { samples: _, faults, ...figures } = report;
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const fault of faults) process.stdout.write(`FAILED ${fault}\n`);
process.stdout.write(faults.length === 0 ? "flat\n" : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

function bytesIn(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + (statSync(`${directory}/${name}`).size ?? 0), 0);
}

/** Open files of a process. NaN where the system does not tell (other than Linux). */
function handlesOf(pid: number): number {
  try {
    readFileSync(`/proc/${pid}/status`);
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}
