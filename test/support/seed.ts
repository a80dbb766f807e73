// Runs properties so that a failure can be had again: the seed is printed with every run, and SEED=… repeats one.
import fc from "fast-check";

const given = process.env["SEED"];

/** A runner for one test file's properties, all from one seed, which is printed once. */
export function seeded(name: string): <Ts>(property: fc.IProperty<Ts>, runs?: number) => void {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`SEED must be a whole number, not ${given}`);
  process.stdout.write(`${name}: SEED=${seed}\n`);
  return (property, runs = 500) => fc.assert(property, { seed, numRuns: runs });
}
