// Runs something that asks guards once for every way in which they may answer. A guard that is asked twice in one run
// answers the same; only guards that are asked are varied, so the runs are as few as the ways through.

/** What a guard answers in the run that is under way. */
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

  /** Calls run until every combination of answers that can be met has been met. */
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
