// The composed world of the exploration: the production charts, stepped as pure functions, over a small plain model of
// the data plane. Takes a state and a step, returns the next state and reports what is wrong with it. Must never change
// its input state.
import { brokenPromises } from "./invariants.ts";
import { disagreements } from "./world/agreement.ts";
import type { Bounds } from "./world/bounds.ts";
import { type Charts, createCharts, type Trial } from "./world/charts.ts";
import { comeIn } from "./world/connection.ts";
import { EventTable } from "./world/events.ts";
import { forget, isWorthALook, looksAlike } from "./world/forget.ts";
import { keyOf } from "./world/key.ts";
import { chartsIn, isAtRest, viewOf } from "./world/seen.ts";
import { type Breakage, type Setting, Stage } from "./world/stage.ts";
import { copyOf, emptyWorld, type World } from "./world/state.ts";
import { deliverFact } from "./world/steps/inner.ts";
import type { Step } from "./world/steps/step.ts";
import { stepsOf } from "./world/steps.ts";
import { hear } from "./world/stream.ts";

export type { Bounds } from "./world/bounds.ts";
export type { Trial } from "./world/charts.ts";
export type { Breakage } from "./world/stage.ts";
export type { World } from "./world/state.ts";
export type { Step } from "./world/steps/step.ts";

/** The result of a step. */
export interface Next {
  world: World;
  /** Problems found in the new state before parts of it were forgotten. */
  problems: string[];
  /** No client can tell it from the state before, so the promises that apply before rest hold as they did. */
  looksAsBefore: boolean;
}

export class Explored {
  readonly charts: Charts;
  readonly #isByEffects: boolean;
  #stage: Stage;

  /**
   * @param breakage a fault built into the data plane, to test that the exploration finds it.
   * @param trial a fault built into a chart.
   */
  constructor(bounds: Bounds, breakage?: Breakage, trial?: Trial) {
    this.charts = createCharts(trial);
    this.#isByEffects = trial?.isByEffects === true;
    this.#stage = stageOf({ charts: this.charts, bounds, events: new EventTable(), breakage });
  }

  /** The gateway listens, the sockets are open, and nothing has happened. */
  initial(): World {
    const { charts, bounds } = this.#stage.setting;
    const world = emptyWorld(bounds.sockets);
    world.gateway = charts.gateway.step(charts.gateway.begin().to, { type: "gateway.listening" }).to;
    this.#stage.begin(world);
    for (const at of world.sockets.keys()) comeIn(this.#stage, at);
    return world;
  }

  stepsFrom(world: World): Step[] {
    this.#stage.begin(world);
    return stepsOf(this.#stage);
  }

  take(before: World, step: Step): Next {
    const stage = this.#stage;
    const world = copyOf(before);
    stage.begin(world);
    try {
      step.take(stage);
      for (let signal = stage.countsAtOnce.shift(); signal; signal = stage.countsAtOnce.shift())
        deliverFact(stage, signal);
    } catch (error) {
      // The stage's mail is only half read, so the next step needs a new stage.
      this.#stage = stageOf(stage.setting);
      return { world: before, problems: [`${step.words}: ${String(error)}`], looksAsBefore: true };
    }
    const problems = world.problems;
    if (isWorthALook(stage)) problems.push(...brokenPromises(viewOf(stage)));
    const looksAsBefore = looksAlike(before, world);
    forget(stage);
    return { world, problems, looksAsBefore };
  }

  keyOf(world: World): string {
    return keyOf(world);
  }

  /**
   * What is wrong with a state: broken promises and, at rest, charts that disagree with the world.
   * @param looksAsBefore what clients can see was checked already, so only a state at rest is checked again.
   */
  problemsOf(world: World, looksAsBefore = false): string[] {
    const stage = this.#stage;
    stage.begin(world);
    const atRest = isAtRest(stage);
    if (looksAsBefore && !atRest) return [];
    const problems = brokenPromises(viewOf(stage));
    return atRest && !this.#isByEffects ? [...problems, ...disagreements(stage)] : problems;
  }

  /** No turn runs, every socket reads and the world is at rest. Every history must be able to end in such a state. */
  isHome(world: World): boolean {
    this.#stage.begin(world);
    const { conversation, sockets } = world;
    return !conversation.runner && sockets.every(({ isStalled }) => !isStalled) && isAtRest(this.#stage);
  }

  chartsIn(world: World): string {
    this.#stage.begin(world);
    return chartsIn(this.#stage);
  }
}

function stageOf(setting: Setting): Stage {
  const stage = new Stage(setting);
  stage.hear = (event) => hear(stage, event);
  return stage;
}
