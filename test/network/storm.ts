// `node test/network/storm.ts --minutes 5 --seed 7 [--small] [--restarts]`: a storm on demand. The server is killed now
// and then (--small), or restarted as planned under 200 clients on a calm network (--restarts). Prints what happened.
// Fails with the seed and the clients' stories when a client does not have exactly what was generated.
import { parseArgs } from "node:util";
import { randomSeed } from "../support/seed.ts";
import { playStorm } from "./storm/play.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    seed: { type: "string" },
    small: { type: "boolean", default: false },
    restarts: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? randomSeed());
const forMs = Number(values.minutes ?? 1) * 60_000;
const { small: isSmall, restarts } = values;
const flags = `${isSmall ? " --small" : ""}${restarts ? " --restarts" : ""}`;
process.stdout.write(`storm: --seed ${seed} --minutes ${forMs / 60_000}${flags}\n`);
const { tally, faults } = await playStorm({
  ...{ seed, forMs, isSmall },
  ...(isSmall && { killEveryMs: 12_000 }),
  ...(restarts && { readers: 200, conversations: 20, posters: 2, everyMs: 600_000, restartEveryMs: 5_000 }),
});
process.stdout.write(`${tally}\n`);
for (const fault of faults.slice(0, 5)) process.stdout.write(`FAILED ${fault}\n`);
process.stdout.write(faults.length === 0 ? "everybody has exactly what was generated\n" : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
