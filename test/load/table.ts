// The results of the load proofs: one row per measurement, with the bound that it must keep.

export class Table {
  readonly #broken: string[] = [];

  constructor() {
    process.stdout.write("| proof | measured | bound | holds |\n|---|---|---|---|\n");
  }

  /** A measurement with its bound. */
  row(what: string, measured: string, bound: string, holds: boolean): void {
    process.stdout.write(`| ${what} | ${measured} | ${bound} | ${holds ? "yes" : "NO"} |\n`);
    if (!holds) this.#broken.push(what);
  }

  /** A measurement without a bound. */
  note(what: string, measured: string): void {
    process.stdout.write(`| ${what} | ${measured} | | |\n`);
  }

  /** Returns true if every bound holds. */
  close(): boolean {
    const [first] = this.#broken;
    process.stdout.write(first === undefined ? "\nevery bound holds\n" : `\nnot kept: ${this.#broken.join("; ")}\n`);
    return first === undefined;
  }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export const MiB = 2 ** 20;
