// Plays one world for each seed. When a promise is broken, finds the few steps that break it (delta debugging: Zeller
// and Hildebrandt 2002). The same numbers play the same world again.
import type { Recording } from "../../src/diagnostics/inspection/recording.ts";
import { Dice } from "../support/dice.ts";
import { Camera } from "./camera.ts";
import { World } from "./world.ts";

export interface SimulationFailure {
  seed: number;
  message: string;
  /** The steps of the shortest sequence found that also breaks a promise. */
  story: string[];
}

export interface SimulationReport {
  seeds: number;
  steps: number;
  simulatedMs: number;
  turns: number;
  failures: SimulationFailure[];
}

interface Played {
  problem: Error | undefined;
  story: string[];
  simulatedMs: number;
  turns: number;
}

const stepsMost = 220;
/** How many numbers a step has available. */
const numbersPerStep = 5;
const triesMax = 400;

/** Breaks something in the world, to test that the simulation finds it. */
export type Sabotage = (world: World) => void;

/** Each step has its own few numbers, so that leaving out a step does not change the others. */
type Row = number[][];

function rowOf(seed: number): Row {
  const dice = new Dice(seed);
  return Array.from({ length: dice.whole(40, stepsMost) }, () =>
    Array.from({ length: numbersPerStep }, () => dice.whole(0, 999_999)),
  );
}

/** Lets JavaScript promises settle. Nothing here waits for anything else. */
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function play(row: Row, sabotage?: Sabotage, camera?: Camera): Promise<Played> {
  const world = new World();
  camera?.film(world);
  sabotage?.(world);
  const story: string[] = [];
  const tell = (text: string, from = camera?.place ?? 0): void => {
    story.push(text);
    camera?.caption(from, text);
  };
  let problem: Error | undefined;
  try {
    for (const numbers of row) {
      let at = 0;
      const from = camera?.place;
      tell(
        world.step((below) => (numbers[at++ % numbersPerStep] ?? 0) % below),
        from,
      );
      await tick();
      world.check();
    }
    tell("the weather clears up");
    await world.end(tick);
    tell("everything is let go");
    await world.stop(tick);
  } catch (error) {
    problem = error instanceof Error ? error : new Error(String(error));
    camera?.caption(Math.max(0, camera.place - 1), `FAILED: ${problem.message}`);
  }
  return { problem, story, simulatedMs: world.clock.now(), turns: world.runs.length };
}

async function shrink(row: Row, sabotage?: Sabotage): Promise<{ row: Row; played: Played }> {
  let best = { row, played: await play(row, sabotage) };
  let size = Math.ceil(row.length / 2);
  for (let tries = 0; size >= 1 && tries < triesMax; ) {
    let isShorter = false;
    for (let from = 0; from < best.row.length && tries < triesMax; from += size) {
      const shorter = [...best.row.slice(0, from), ...best.row.slice(from + size)];
      const played = await play(shorter, sabotage);
      tries++;
      if (!played.problem) continue;
      best = { row: shorter, played };
      isShorter = true;
      from -= size;
    }
    if (!isShorter) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return best;
}

export interface SimulationOptions {
  /** The first seed; the others follow it. */
  seed: number;
  seeds: number;
  /** No seed begins after this time. */
  forMs?: number;
  failuresMax?: number;
  sabotage?: Sabotage;
  onSeed?: (count: number) => void;
}

export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { seed: first, seeds, forMs = Number.POSITIVE_INFINITY, failuresMax = 1, sabotage, onSeed } = options;
  const report: SimulationReport = { seeds: 0, steps: 0, simulatedMs: 0, turns: 0, failures: [] };
  const until = performance.now() + forMs;
  for (let seed = first; seed < first + seeds && performance.now() < until; seed++) {
    const row = rowOf(seed);
    const played = await play(row, sabotage);
    report.seeds++;
    report.steps += row.length;
    report.simulatedMs += played.simulatedMs;
    report.turns += played.turns;
    onSeed?.(report.seeds);
    if (!played.problem) continue;
    const { problem, story } = (await shrink(row, sabotage)).played;
    const message = (problem ?? played.problem).stack ?? String(problem ?? played.problem);
    report.failures.push({ seed, message, story });
    if (report.failures.length >= failuresMax) break;
  }
  return report;
}

/** Plays one seed before a camera. Where a promise is broken: the shortest sequence found that breaks one. */
export async function film(seed: number, sabotage?: Sabotage): Promise<{ recording: Recording; failed: boolean }> {
  const row = rowOf(seed);
  const first = await play(row, sabotage);
  const camera = new Camera();
  const { problem } = await play(first.problem ? (await shrink(row, sabotage)).row : row, sabotage, camera);
  return { recording: camera.recording(`simulation, seed ${seed}`), failed: problem !== undefined };
}

export const inWords = ({ seed, message, story }: SimulationFailure): string =>
  `SEED=${seed}: ${message}\n${story.map((step, index) => `  ${index + 1}. ${step}`).join("\n")}`;
