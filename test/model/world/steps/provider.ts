// What a surface and its provider may do: change, answer, fail, or not answer in time.
import type { Stage } from "../stage.ts";
import { answer, answerLate, change, tellSurface } from "../surface.ts";
import type { Step, StepKind } from "./step.ts";

export function surfaceSteps(stage: Stage, steps: Step[]): void {
  const { world, setting } = stage;
  const { bounds, charts } = setting;
  const add = (kind: StepKind, words: string, take: (stage: Stage) => void): void =>
    void steps.push({ words, kind, take });
  if (!bounds.hasSurface) return;
  if (world.surfaces.length > 0) add("free", "the surface changes", change);
  for (const [at, surface] of world.surfaces.entries()) {
    if (surface.question !== undefined)
      add("owed", "the provider answers with what it was asked for", (on) => answer(on, at, true));
    if (!bounds.surfaceMayFail) continue;
    if (surface.question !== undefined) add("free", "the provider fails", (on) => answer(on, at, false));
    if (surface.oldQuestion !== undefined)
      add("owed", "the provider answers a question that was overtaken", (on) => answerLate(on, at));
    for (const type of charts.surface.deadlinesOf(surface.chart))
      add("free", `time passes: ${type}`, (on) => tellSurface(on, at, type));
  }
}
