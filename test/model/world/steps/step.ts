// What one step of the world is: a sentence, and what it changes.
import type { Stage } from "../stage.ts";
import type { Fact } from "../state.ts";

/**
 * `inner`: is under way and will happen by itself. `owed`: somebody outside will do it sooner or later. `free`: may
 * happen or not.
 */
export type StepKind = "inner" | "owed" | "free";

export interface Step {
  words: string;
  kind: StepKind;
  take(stage: Stage): void;
}

const names = ["A", "B"] as const;
export const nameOf = (at: number): string => names[at] ?? `${at}`;

/** Whom a signal is for, in words. */
export function whom({ to, at }: Fact): string {
  if (to === "connection") return nameOf(at);
  if (to === "surface") return "the surface";
  return `${nameOf(at)}'s ${to === "watch" ? "watch" : "surface watch"}`;
}
