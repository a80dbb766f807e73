// `node test/network/storm.ts --minutes 5 --seed 7 [--small]`: a storm on demand. Prints what it did; fails with the
// seed and the clients' stories when somebody does not have exactly what was generated.
import { parseArgs } from "node:util";
import { playStorm } from "./storm/play.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, small: { type: "boolean" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const forMs = Number(values.minutes ?? 1) * 60_000;
const isSmall = values.small === true;
process.stdout.write(`storm: --seed ${seed} --minutes ${forMs / 60_000}${isSmall ? " --small" : ""}\n`);
const { tally, faults } = await playStorm({ seed, forMs, isSmall, ...(isSmall && { killEveryMs: 12_000 }) });
process.stdout.write(`${tally}\n`);
for (const fault of faults.slice(0, 5)) process.stdout.write(`FAILED ${fault}\n`);
process.stdout.write(faults.length === 0 ? "everybody has exactly what was generated\n" : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
