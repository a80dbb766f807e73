// Judges mutants, layer by layer: the structure checker, the exploration of the world with the mutant in it, and the
// paths of the models and random histories on real servers. All but the first see effects. A mutant that only the
// checker finds, or only what the charts say about themselves, shows a part of a chart that decides nothing.
import { charts, declaredEvents } from "./charts.ts";
import { MutantExploration } from "./mutants/exploring.ts";
import type { Mutant } from "./mutants/generate.ts";
import type { Finding, Touched } from "./mutants/judge.ts";
import { hasty, indexPaths, judgeByPaths, patient } from "./mutants/judges.ts";
import { unseen } from "./mutants/unseen.ts";
import { checkStructure } from "./structure.ts";

/** Who has found a mutant: what sees effects comes first. */
export const layers = ["exploration", "paths", "histories", "structure", "claims", "nobody"] as const;
export type Layer = (typeof layers)[number];

export interface Verdict {
  mutant: Mutant;
  layer: Layer;
  because: string;
}

/** The mutants that are listed as unseen, with their reasons. */
export const excused = new Map(
  Object.entries(unseen).flatMap(([reason, keys]) => keys.map((key): [string, string] => [key, reason])),
);

interface MutationOptions {
  /**
   * Which mutants are played on real servers: those of which nothing else is seen; or also those of which only the
   * structure checker tells; or none.
   */
  plays?: "unseen" | "all" | "none";
}

/** Whether something of the mutant's effect was seen, or need not be: a chart that cannot be is not run. */
export const isSeen = ({ mutant, layer }: Verdict): boolean =>
  ["exploration", "paths", "histories"].includes(layer) || (layer === "structure" && mutant.kind !== "dropped");

export async function judgeMutants(mutants: readonly Mutant[], options: MutationOptions = {}): Promise<Verdict[]> {
  const exploration = new MutantExploration();
  const structure = new Map(mutants.map((mutant) => [mutant.key, faultOf(mutant)]));
  const { plays = "unseen" } = options;
  const indexing = plays === "none" ? [] : indexPaths();
  const effects = new Map<string, string>();
  for (const mutant of mutants) {
    const problem = exploration.problemOf(mutant, "effects");
    if (problem !== undefined) effects.set(mutant.key, problem);
    // The answers of the processes that index the paths are read meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const isPlayed = ({ key, kind }: Mutant): boolean =>
    !effects.has(key) && (plays === "all" || kind === "dropped" || structure.get(key) === undefined);
  const played = await playAll(mutants.filter(isPlayed), await indexing);
  return mutants.map((mutant): Verdict => {
    const found = (layer: Layer, because: string): Verdict => ({ mutant, layer, because });
    const { key } = mutant;
    const [explored, shown, fault] = [effects.get(key), played.get(key), structure.get(key)];
    if (explored !== undefined) return found("exploration", explored);
    if (shown) return found(shown.layer, shown.because);
    if (fault !== undefined) return found("structure", fault);
    const claim = exploration.problemOf(mutant, "claims");
    return claim === undefined ? found("nobody", "nothing was found") : found("claims", claim);
  });
}

async function playAll(mutants: readonly Mutant[], index: readonly Touched[]): Promise<Map<string, Finding>> {
  const isExcused = ({ key }: Mutant): boolean => excused.has(key);
  const likely = await judgeByPaths(
    mutants.filter((mutant) => !isExcused(mutant)),
    index,
    hasty,
  );
  const unlikely = await judgeByPaths(mutants.filter(isExcused), index, patient);
  return new Map([...likely, ...unlikely]);
}

function faultOf({ machine }: Mutant): string | undefined {
  try {
    return checkStructure([machine], declaredEvents).faults[0]?.sentence;
  } catch (error) {
    return String(error);
  }
}

/** What is wrong with the verdicts: mutants that are unseen and not listed, and those that are listed and seen. */
export function problemsOf(verdicts: readonly Verdict[]): string[] {
  return verdicts.flatMap((verdict) => {
    const { mutant, layer, because } = verdict;
    const isListed = excused.has(mutant.key);
    if (isSeen(verdict) && isListed)
      return [`the mutant "${mutant.key}" is listed in mutants/unseen.ts, and ${layer} finds it: ${because}`];
    if (isSeen(verdict) || isListed) return [];
    return [`nobody sees the effect of the mutant "${mutant.key}" (${layer}: ${because})`];
  });
}

/** The keys in the list that are of no mutant. */
export function staleKeys(mutants: readonly Mutant[]): string[] {
  const keys = new Set(mutants.map(({ key }) => key));
  return [...excused.keys()].filter((key) => !keys.has(key));
}

export interface MutationRow {
  chart: string;
  mutants: number;
  by: Record<Layer, number>;
  /** References to actions, and those of them whose effect is seen. */
  actions: number;
  effectsSeen: number;
}

export function rowsOf(verdicts: readonly Verdict[]): MutationRow[] {
  return charts.map(({ id: chart }) => {
    const own = verdicts.filter(({ mutant }) => mutant.chart === chart);
    const dropped = own.filter(({ mutant }) => mutant.kind === "dropped");
    const count = (layer: Layer): number => own.filter((verdict) => verdict.layer === layer).length;
    return {
      chart,
      mutants: own.length,
      by: Object.fromEntries(layers.map((layer) => [layer, count(layer)])) as Record<Layer, number>,
      actions: dropped.length,
      effectsSeen: dropped.filter(isSeen).length,
    };
  });
}
