// The random seeds of the suites. A suite of `npm test` always uses the same seed, so that the same code gets the same
// result. To search for new failures, use SEED=random or the commands that play more (`npm run simulate`, …).
import fc from "fast-check";

const usual = 20_260_923;
/** Below 2 ** 30: within 31 bits, with room for batches that count up from the seed. */
export const randomSeed = (): number => Math.floor(Math.random() * 2 ** 30);

/** Returns the seed of one suite and prints it; SEED=… chooses another. */
export function chosenSeed(name: string): number {
  const given = process.env["SEED"];
  const seed = given === undefined || given === "" ? usual : given === "random" ? randomSeed() : Number(given);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`SEED must be a whole number or "random", not ${given}`);
  process.stdout.write(`${name}: SEED=${seed}\n`);
  return seed;
}

/** A runner for one test file's properties, all from one seed. */
export function seeded(name: string): <Ts>(property: fc.IProperty<Ts>, runs?: number) => void {
  const seed = chosenSeed(name);
  return (property, runs = 500) => fc.assert(property, { seed, numRuns: runs });
}
