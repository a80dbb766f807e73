// `npm run simulate -- --seeds 10000 [--seed 7] [--smallest]`: plays the whole server on a simulated clock, once for
// each seed. With --smallest every limit is at its smallest. `npm run simulate -- --seed 7 --record run.json` films one
// seed, for the inspector's page.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { errorMessage } from "../../src/ports/guard.ts";
import { randomSeed } from "../support/seed.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string" },
    record: { type: "string" },
    smallest: { type: "boolean", default: false },
  },
});
// Must come before the import of world.ts, which reads the limits once.
if (values.smallest) await import("../smallest/simulated-limits.ts");
const { film, inWords, simulate } = await import("./simulate.ts");
const seed = Number(values.seed ?? randomSeed());
if (values.record !== undefined) {
  const { recording, failed } = await film(seed);
  try {
    writeFileSync(values.record, `${JSON.stringify(recording)}\n`);
  } catch (error) {
    process.stderr.write(`--record ${values.record} cannot be written: ${errorMessage(error)}; name another file\n`);
    process.exit(2);
  }
  const { actors, changes } = recording;
  process.stdout.write(`seed ${seed}: ${actors.length} actors, ${changes.length} changes in ${values.record}\n`);
  process.exit(failed ? 1 : 0);
}
const seeds = Number(values.seeds);
process.stdout.write(`simulate: --seeds ${seeds} --seed ${seed}${values.smallest ? " --smallest" : ""}\n`);
const { failures, ...figures } = await simulate({
  ...{ seed, seeds, failuresMax: 3 },
  onSeed: (count) => {
    if (count % 1_000 === 0) process.stdout.write(`${count} seeds\n`);
  },
});
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const failure of failures) process.stdout.write(`FAILED ${inWords(failure)}\n`);
process.stdout.write(failures.length === 0 ? "every promise was kept\n" : `${failures.length} failures\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
