// One step of the world: a sentence that describes it, and the change that it makes.
import type { Stage } from "../stage.ts";
import type { Fact } from "../state.ts";

/**
 * `inner`: pending work of the server, which happens by itself. `owed`: an outside party will do it sooner or later.
 * `free`: may happen or not.
 */
export type StepKind = "inner" | "owed" | "free";

export interface Step {
  words: string;
  kind: StepKind;
  take(stage: Stage): void;
}

const names = ["A", "B"] as const;
export const nameOf = (at: number): string => names[at] ?? `${at}`;

/** The recipient of a signal, in words. */
export function whom({ to, at }: Fact): string {
  if (to === "connection") return nameOf(at);
  if (to === "surface") return "the surface";
  return `${nameOf(at)}'s watch`;
}
