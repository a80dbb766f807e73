// Explores the world with a mutant in it, scope by scope, in those that come to the place of the fault. Only the first
// states of a scope are visited, because most faults show early.
import { budgets } from "../../budgets.ts";
import { exploreScope } from "../world/exploration.ts";
import { scopes } from "../world/scopes.ts";
import type { Bounds, Trial } from "../world.ts";
import type { Mutant } from "./generate.ts";

export class MutantExploration {
  /** Ids of states and keys of transitions that the sound charts come to, by scope. */
  readonly #touched = new Map<Bounds, Set<string>>();

  /**
   * The first problem that is found.
   * @param by "effects": what clients, agents and the store can tell. "claims": also what the charts say of themselves.
   */
  problemOf(mutant: Mutant, by: "effects" | "claims"): string | undefined {
    const trial = { machine: mutant.machine, isByEffects: by === "effects" };
    for (const bounds of scopes) {
      if (!mutant.isTouchedBy(this.#touchedIn(bounds))) continue;
      const problem = problemIn(bounds, trial);
      if (problem !== undefined) return `${problem} (in "${bounds.name}")`;
    }
    return undefined;
  }

  #touchedIn(bounds: Bounds): Set<string> {
    let touched = this.#touched.get(bounds);
    if (!touched) {
      const { charts } = exploreScope(limited(bounds));
      touched = new Set(
        charts.flatMap(({ reachedStates, reachedTransitions }) => [...reachedStates, ...reachedTransitions]),
      );
      this.#touched.set(bounds, touched);
    }
    return touched;
  }
}

const limited = (bounds: Bounds) => ({
  ...{ bounds, violationsMost: 1 },
  ...{ statesMost: budgets.model.mutantStates, deadlineMs: budgets.model.mutantMs },
});

function problemIn(bounds: Bounds, trial: Trial): string | undefined {
  try {
    return exploreScope({ ...limited(bounds), trial }).violations[0]?.problem;
  } catch (error) {
    // A chart that never comes to rest, or that takes a step which cannot be taken again.
    return error instanceof Error ? error.message : String(error);
  }
}
