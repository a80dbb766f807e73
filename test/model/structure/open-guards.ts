// Runs code that asks guards, once for every combination of their answers. A guard that is asked twice in one run gives
// the same answer. Only guards that are asked are varied, so there are no more runs than paths through the code.

/** The answers of the guards in the current run. */
export class OpenGuards {
  #path: readonly boolean[] = [];
  #asked: string[] = [];
  #answers = new Map<string, boolean>();

  readonly ask = (guard: string, params?: unknown): boolean => {
    const question = params === undefined ? guard : `${guard}(${JSON.stringify(params)})`;
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const answer = this.#path[this.#asked.length] ?? false;
    this.#asked.push(question);
    this.#answers.set(question, answer);
    return answer;
  };

  /** The guards that hold in this run, of those asked so far. */
  holding(): string[] {
    return this.#asked.filter((question) => this.#answers.get(question));
  }

  /** Calls run once for every combination of answers that can occur. */
  inEveryWay(run: () => void): void {
    const paths: boolean[][] = [[]];
    for (let path = paths.pop(); path; path = paths.pop()) {
      this.#path = path;
      this.#asked = [];
      this.#answers = new Map();
      run();
      for (let index = path.length; index < this.#asked.length; index++) {
        const before = this.#asked.slice(0, index).map((question) => this.#answers.get(question) ?? false);
        paths.push([...before, true]);
      }
    }
  }
}
