// What happened to one client, newest last, for a failure report. Must never grow without bound.
const linesMax = 60;
const startedAt = performance.now();

export class Story {
  readonly #lines: string[] = [];

  note(what: string): void {
    this.#lines.push(`${((performance.now() - startedAt) / 1_000).toFixed(3)} ${what}`);
    if (this.#lines.length > linesMax) this.#lines.shift();
  }

  toString(): string {
    return this.#lines.map((line) => `    ${line}`).join("\n");
  }
}

/** Counts by name, printed as a table at the end. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  toString(): string {
    return [...this.counts]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([what, count]) => `  ${what.padEnd(36)} ${count.toLocaleString("en")}`)
      .join("\n");
  }
}
