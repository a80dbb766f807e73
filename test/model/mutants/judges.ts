// The processes that play paths on servers with a faulty chart: a few at once, each with one mutant after the other.
// One that falls, hangs, or has found a fault is replaced, so that nothing of it is left for the next.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { budgets } from "../../budgets.ts";
import type { Mutant } from "./generate.ts";
import type { Chosen, Finding, Task, Touched } from "./judge.ts";

const path = fileURLToPath(new URL("./judge.ts", import.meta.url));

/** With more of them than cores, deadlines expire although nothing is wrong. */
const atOnce = 2;

export interface Patience {
  /** How long a judge waits for what a sound chart does within a few milliseconds. */
  waitMs: number;
  /** For one step of a path. */
  stepMs: number;
  /** For the whole judgement. A fault that makes the server go round in circles ends it. */
  wholeMs: number;
}

/** For a mutant that is likely to be found: what it does not do is waited for. */
export const hasty: Patience = { waitMs: 2_000, stepMs: 5_000, wholeMs: budgets.model.mutantMs };
/** For one that is not to be found: a busy machine must not seem to be a fault. */
export const patient: Patience = { waitMs: 15_000, stepMs: 30_000, wholeMs: 5 * budgets.model.mutantMs };

/** What each path comes to on the sound server. */
export async function indexPaths(): Promise<Touched[]> {
  const parts = (["gateway", "conversations"] as const).map(async (part) => {
    const judge = await begin(patient);
    const touched = await ask<Touched[]>(judge, { type: "index", part }, patient);
    judge.kill("SIGKILL");
    if (touched instanceof Fallen) throw new Error(`the paths cannot be indexed: ${touched.because}`);
    return touched;
  });
  return (await Promise.all(parts)).flat();
}

/**
 * Plays the paths that come to the mutant's place. Returns what has shown each mutant that was found, by its key.
 * @param index undefined: every path of the models that are likely to show a fault of the chart.
 */
export async function judgeByPaths(
  mutants: readonly Mutant[],
  index: readonly Touched[] | undefined,
  patience: Patience,
): Promise<Map<string, Finding>> {
  const waiting = [...mutants];
  const found = new Map<string, Finding>();
  const work = async (): Promise<void> => {
    let judge: ChildProcess | undefined;
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const { key } = mutant;
      judge ??= await begin(patience);
      const chosen = index ? chosenFor(mutant, index) : likely(mutant);
      const task: Task = { type: "judge", key, chosen, stepMs: patience.stepMs };
      const answer = await ask<Finding | "nothing">(judge, task, patience);
      if (answer === "nothing") continue;
      found.set(key, answer instanceof Fallen ? { layer: "paths", because: answer.because } : answer);
      judge.kill("SIGKILL");
      judge = undefined;
    }
    judge?.kill("SIGKILL");
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
}

/**
 * Some paths of each model that come to the mutant's place, from all parts of the model. Those that take its transition
 * come first.
 */
function chosenFor(mutant: Mutant, index: readonly Touched[]): Chosen {
  const touching = index.filter(({ what }) => mutant.isTouchedBy(new Set(what)));
  const taking = touching.filter(({ what }) => what.includes(mutant.place));
  const byModel = Map.groupBy(taking.length > 0 ? taking : touching, ({ model }) => model);
  return Object.fromEntries(
    [...byModel].map(([model, all]) => {
      const step = Math.max(1, Math.ceil(all.length / budgets.model.mutantPathsMax));
      return [model, all.filter((_, at) => at % step === 0).map(({ path: at }) => at)];
    }),
  );
}

const likelyModels: Readonly<Record<string, readonly string[]>> = {
  gateway: ["process-life", "host-life"],
  connection: ["connection"],
  watch: ["connection"],
  surface: ["surface-subscription", "surface-subscription-mute"],
  conversation: ["conversation"],
  turn: ["turn"],
};

/** More than any model has. */
const everyPath = Array.from({ length: 1_000 }, (_, at) => at);

const likely = ({ chart }: Mutant): Chosen =>
  Object.fromEntries((likelyModels[chart] ?? []).map((model) => [model, everyPath]));

async function begin({ waitMs }: Patience): Promise<ChildProcess> {
  const judge = fork(path, {
    // Runs of faulty charts must not count towards code coverage.
    env: { ...process.env, PATIENCE_MS: `${waitMs}`, NODE_V8_COVERAGE: "" },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  await new Promise<void>((resolve, reject) => {
    judge.once("message", () => resolve());
    judge.once("exit", () => reject(new Error("a judge of mutants does not start")));
  });
  return judge;
}

/** A judge that did not answer. */
class Fallen {
  readonly because: string;

  constructor(because: string) {
    this.because = because;
  }
}

function ask<Answer>(judge: ChildProcess, task: Task, { wholeMs }: Patience): Promise<Answer | Fallen> {
  return new Promise((resolve) => {
    let errors = "";
    const hear = (text: Buffer): void => {
      errors = `${errors}${text}`.slice(-2_000);
    };
    const end = (answer: Answer | Fallen): void => {
      clearTimeout(deadline);
      judge.removeAllListeners();
      judge.stderr?.off("data", hear);
      resolve(answer);
    };
    const fall = (because: string): void => end(new Fallen(because));
    judge.stderr?.on("data", hear);
    judge.once("message", (answer) => end(answer as Answer));
    judge.once("exit", () => fall(`the process falls: ${errors.split("\n").find((line) => line.includes("Error"))}`));
    const deadline = setTimeout(() => fall("it does not come to an end"), wholeMs);
    judge.send(task);
  });
}
