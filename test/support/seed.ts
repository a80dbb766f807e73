// Where random numbers begin. A suite of `npm test` always begins with the same one, so that the same code has the same
// verdict. To look for what no run has met yet: SEED=random, or the commands that play more (`npm run simulate`, …).
import fc from "fast-check";

const usual = 20_260_923;
/** Within 31 bits, and far enough from their end for the batches that count on from it. */
export const randomSeed = (): number => Math.floor(Math.random() * 2 ** 30);

/** The seed of one suite, which it prints: SEED=… chooses another. */
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
