// The states that were found, by number: how each was reached first, and the steps between them that will happen. Must
// not hold the states themselves: there are hundreds of thousands.

export class Graph {
  readonly #parents: number[] = [];
  readonly #words: string[] = [];
  readonly #homes: number[] = [];
  /** Steps that will happen, from → to. The sign bit of `to` marks an inner step. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  get size(): number {
    return this.#parents.length;
  }

  add(parent: number | undefined, words: string): number {
    this.#words.push(words);
    return this.#parents.push(parent ?? -1) - 1;
  }

  markHome(number: number): void {
    this.#homes.push(number);
  }

  connect(from: number, to: number, isInner: boolean): void {
    this.#from.push(from);
    this.#to.push(isInner ? ~to : to);
  }

  /** The steps from the initial state to a state, in words. */
  pathTo(number: number): string[] {
    const words: string[] = [];
    for (let at = number; at > 0; at = this.#parents[at] ?? 0) words.push(this.#words[at] ?? "");
    return words.reverse();
  }

  /** The first state from which no sequence of inner steps comes to an end. */
  endless(): number | undefined {
    const inner = this.#edges(true);
    const goesOn = new Uint8Array(this.size);
    for (const from of inner.from) goesOn[from] = 1;
    const ends: number[] = [];
    for (const [number, on] of goesOn.entries()) if (on === 0) ends.push(number);
    return this.#firstBeside(ends, inner);
  }

  /** How many states lie on a cycle of inner steps. */
  circling(): number {
    const { from, to } = this.#edges(true);
    const isOpen = new Uint8Array(this.size).fill(1);
    // A state that no open state leads to is on no cycle; neither is a state that leads to no open state.
    for (const [keys, others] of [
      [from, to],
      [to, from],
    ] as const) {
      const degree = new Uint32Array(this.size);
      for (const [index, other] of others.entries())
        if (isOpen[keys[index] ?? 0] === 1 && isOpen[other] === 1) degree[other] = (degree[other] ?? 0) + 1;
      const partners = listed(this.size, keys, others);
      const free: number[] = [];
      for (const [number, open] of isOpen.entries()) if (open === 1 && degree[number] === 0) free.push(number);
      for (let number = free.pop(); number !== undefined; number = free.pop()) {
        isOpen[number] = 0;
        for (const other of partners(number)) {
          if (isOpen[other] === 0) continue;
          degree[other] = (degree[other] ?? 0) - 1;
          if (degree[other] === 0) free.push(other);
        }
      }
    }
    return isOpen.reduce((sum, open) => sum + open, 0);
  }

  /** The first state from which no sequence of steps that will happen leads to a home state. */
  stuck(): number | undefined {
    return this.#firstBeside(this.#homes, this.#edges(false));
  }

  /** The first state from which these steps lead to none of the goals. */
  #firstBeside(goals: readonly number[], edges: { from: number[]; to: number[] }): number | undefined {
    const sources = listed(this.size, edges.to, edges.from);
    const leads = new Uint8Array(this.size);
    const open = [...goals];
    for (const number of open) leads[number] = 1;
    for (let number = open.pop(); number !== undefined; number = open.pop())
      for (const from of sources(number)) {
        if (leads[from] === 1) continue;
        leads[from] = 1;
        open.push(from);
      }
    const first = leads.indexOf(0);
    return first === -1 ? undefined : first;
  }

  #edges(onlyInner: boolean): { from: number[]; to: number[] } {
    const from: number[] = [];
    const to: number[] = [];
    for (const [index, target] of this.#to.entries()) {
      if (onlyInner && target >= 0) continue;
      from.push(this.#from[index] ?? 0);
      to.push(target < 0 ? ~target : target);
    }
    return { from, to };
  }
}

/** A lookup of the values of each key, in one array instead of one list per key. */
function listed(size: number, keys: readonly number[], values: readonly number[]): (key: number) => Iterable<number> {
  const starts = new Uint32Array(size + 1);
  for (const key of keys) starts[key + 1] = (starts[key + 1] ?? 0) + 1;
  for (let key = 0; key < size; key++) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
  const sorted = new Uint32Array(keys.length);
  const next = starts.slice();
  for (const [index, key] of keys.entries()) {
    const place = next[key] ?? 0;
    sorted[place] = values[index] ?? 0;
    next[key] = place + 1;
  }
  return (key) => sorted.subarray(starts[key] ?? 0, starts[key + 1] ?? 0);
}
