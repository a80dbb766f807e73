// Visits the states of one scope breadth first, so that each problem comes with the shortest path to it, step by step.
// Must visit each state once, and must report a scope that it did not finish as incomplete.
import { type Bounds, type Breakage, Explored, type Step, type Trial, type World } from "../world.ts";
import type { Chart } from "./chart.ts";
import { Graph } from "./graph.ts";

export interface Violation {
  /** What is wrong. */
  problem: string;
  /** The steps that lead to the problem, with the states of the charts after each. */
  path: string[];
}

export interface Exploration {
  bounds: Bounds;
  states: number;
  transitions: number;
  depth: number;
  /** Every state within the bounds was visited. */
  complete: boolean;
  /** States on a cycle of inner steps. */
  circling: number;
  tookMs: number;
  violations: Violation[];
  charts: readonly Chart[];
}

export interface ScopeOptions {
  bounds: Bounds;
  deadlineMs: number;
  /** A fault built into the data plane, to test that the search finds it. */
  breakage?: Breakage;
  /** A fault built into a chart. */
  trial?: Trial;
  /** Most states to keep, at 1.6 KB of heap each. Above 4 GB, Node needs a larger heap limit. */
  statesMost?: number;
  /** The search ends when it has found this many different problems. */
  violationsMost?: number;
}

const statesMostByDefault = 2_000_000;

interface Open {
  number: number;
  world: World;
}

export function exploreScope(options: ScopeOptions): Exploration {
  return new Search(options).run();
}

class Search {
  readonly #options: ScopeOptions;
  readonly #explored: Explored;
  readonly #initial: World;
  readonly #startedAt = performance.now();
  readonly #graph = new Graph();
  readonly #numbers = new Map<string, number>();
  readonly #found = new Map<string, Violation>();
  #transitions = 0;
  #depth = 0;
  #isOver = false;

  constructor(options: ScopeOptions) {
    this.#options = options;
    this.#explored = new Explored(options.bounds, options.breakage, options.trial);
    this.#initial = this.#explored.initial();
  }

  run(): Exploration {
    this.#numbers.set(this.#explored.keyOf(this.#initial), this.#graph.add(undefined, ""));
    this.#report(this.#explored.problemsOf(this.#initial), 0, undefined);
    let open: Open[] = [{ number: 0, world: this.#initial }];
    while (open.length > 0 && !this.#isOver) {
      const next: Open[] = [];
      for (const one of open) {
        if ((one.number & 255) === 0) this.#isOver ||= this.#isTooMuch();
        if (this.#isOver) break;
        this.#expand(one, next);
      }
      if (next.length > 0) this.#depth++;
      open = next;
    }
    const isComplete = !this.#isOver;
    if (isComplete && this.#found.size === 0) this.#checkEnds();
    return {
      bounds: this.#options.bounds,
      states: this.#graph.size,
      transitions: this.#transitions,
      depth: this.#depth,
      complete: isComplete,
      circling: isComplete ? this.#graph.circling() : 0,
      tookMs: performance.now() - this.#startedAt,
      violations: [...this.#found.values()],
      charts: Object.values(this.#explored.charts),
    };
  }

  #isTooMuch(): boolean {
    const { deadlineMs, statesMost = statesMostByDefault } = this.#options;
    return performance.now() - this.#startedAt > deadlineMs || this.#graph.size > statesMost;
  }

  #expand({ number, world }: Open, next: Open[]): void {
    const explored = this.#explored;
    if (explored.isHome(world)) this.#graph.markHome(number);
    for (const step of explored.stepsFrom(world)) {
      this.#transitions++;
      const { world: after, problems, looksAsBefore } = explored.take(world, step);
      this.#report(problems, number, step);
      const key = explored.keyOf(after);
      let place = this.#numbers.get(key);
      if (place === undefined) {
        place = this.#graph.add(number, step.words);
        this.#numbers.set(key, place);
        const wrong = explored.problemsOf(after, looksAsBefore);
        this.#report(wrong, number, step);
        // The successors of a faulty state would add no information.
        if (wrong.length + problems.length === 0) next.push({ number: place, world: after });
      }
      if (step.kind !== "free") this.#graph.connect(number, place, step.kind === "inner");
    }
  }

  /** Inner steps must come to an end, and every state must be able to reach a home state. */
  #checkEnds(): void {
    const endless = this.#graph.endless();
    if (endless !== undefined) this.#report(["what is under way never comes to an end"], endless, undefined);
    const stuck = this.#graph.stuck();
    if (stuck !== undefined) this.#report(["nothing that will happen leads to rest from here"], stuck, undefined);
  }

  #report(problems: readonly string[], number: number, step: Step | undefined): void {
    for (const problem of problems) {
      if (this.#isOver || this.#found.has(problem)) continue;
      const words = [...this.#graph.pathTo(number), ...(step ? [step.words] : [])];
      this.#found.set(problem, { problem, path: this.#retold(words) });
      this.#isOver = this.#found.size >= (this.#options.violationsMost ?? 3);
    }
  }

  /** Replays the path and describes each step with the states of the charts after it. */
  #retold(words: readonly string[]): string[] {
    let world = this.#initial;
    return words.map((word, index) => {
      const step = this.#explored.stepsFrom(world).find((one) => one.words === word);
      if (!step) throw new Error(`a path cannot be played again: there is no step "${word}"`);
      world = this.#explored.take(world, step).world;
      return `${index + 1}. ${word}\n      ${this.#explored.chartsIn(world)}`;
    });
  }
}
