// What whoever runs random histories may choose, by environment variables: SEED and HISTORIES. The seed is printed,
// so that a failure can be had again.

function chosen(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${variable} must be a whole number, not ${text}`);
  return value;
}

/** Within 31 bits, and far enough from their end for the batches that count on from it. */
export function chosenSeed(name: string): number {
  const seed = chosen("SEED") ?? Math.floor(Math.random() * 2 ** 30);
  process.stdout.write(`${name}: SEED=${seed}\n`);
  return seed;
}

export const chosenRuns = (usual: number): number => chosen("HISTORIES") ?? usual;
