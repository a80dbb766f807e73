// Chaos on demand: `node test/network/chaos.ts [--minutes 5] [--seed N]`. Prints what happened. Fails with the seed and
// the client's story when a client does not have exactly what was generated.
import { parseArgs } from "node:util";
import { randomSeed } from "../support/seed.ts";
import { playChaos } from "./chaos/chaos.ts";

const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? 1);
const seed = Number(values.seed ?? randomSeed());
if (!(minutes > 0 && minutes <= 120)) throw new Error("--minutes must be a number up to 120");
if (!Number.isSafeInteger(seed)) throw new Error("--seed must be a whole number");
process.stdout.write(`chaos for ${minutes} minutes with seed ${seed}\n`);
const report = await playChaos({ seed, forMs: minutes * 60_000 });
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\nevery client has exactly the text that was generated\n`);
