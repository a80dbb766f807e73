// `npm run kills -- --count 1000 --seed 7`: kills the server under load this many times and checks its promises after
// each kill. `--disk-errors` runs it on a disk that fails now and then (fiu-run, from Debian's package fiu-utils).
import { parseArgs } from "node:util";
import { FailingDisk } from "../support/failing-disk.ts";
import { randomSeed } from "../support/seed.ts";
import { playKills } from "./loop.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100" },
    seed: { type: "string" },
    "disk-errors": { type: "boolean", default: false },
  },
});
const disk = values["disk-errors"] ? FailingDisk.find() : undefined;
if (values["disk-errors"] && !disk) throw new Error("--disk-errors needs fiu-run: install Debian's package fiu-utils");
const kills = Number(values.count);
const seed = Number(values.seed ?? randomSeed());
process.stdout.write(`kills: --count ${kills} --seed ${seed}${disk ? " --disk-errors" : ""}\n`);
const onKill = (count: number, faults: number): void => {
  if (count % 50 === 0 || faults > 0) process.stdout.write(`${count} kills, ${faults} faults\n`);
};
const { faults, ...figures } = await playKills({ seed, kills, disk, onKill });
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const fault of faults.slice(0, 10)) process.stdout.write(`FAILED ${fault}\n`);
process.stdout.write(faults.length === 0 ? "nothing that was promised is lost\n" : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
