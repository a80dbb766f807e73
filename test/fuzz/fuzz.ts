// `npm run fuzz -- --frames 10000000 --seed 7`, or `--minutes N`: sends bytes, messages and requests that no client
// should send.
import { parseArgs } from "node:util";
import { randomSeed } from "../support/seed.ts";
import { playFuzz } from "./play.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, frames: { type: "string" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? randomSeed());
const framesLeast = Number(values.frames ?? 0);
const forMs = Number(values.minutes) * 60_000;
process.stdout.write(`fuzz: --seed ${seed} --minutes ${values.minutes} --frames ${framesLeast}\n`);
let toldAt = performance.now();
const { faults, ...figures } = await playFuzz({
  ...{ seed, forMs, framesLeast },
  onLook({ frames, requests }) {
    if (performance.now() - toldAt < 30_000) return;
    toldAt = performance.now();
    process.stdout.write(`${frames} frames, ${requests} requests\n`);
  },
});
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const fault of faults.slice(0, 10)) process.stdout.write(`FAILED ${fault}\n`);
process.stdout.write(faults.length === 0 ? "nobody but the sender was harmed\n" : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
