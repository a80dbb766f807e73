// Plays paths and random histories on servers with a faulty chart, in a process of its own (judges.ts starts it),
// because such a server may fall, hang, or leave something behind. Each message is one task.
import { tryOut, useTrials } from "./trial.ts";

useTrials();
const { budgets } = await import("../../budgets.ts");
const { charts } = await import("../charts.ts");
const { playConversationPaths } = await import("../conversation-paths.ts");
const { Coverage } = await import("../coverage.ts");
const { playPaths } = await import("../paths.ts");
const { allMutants } = await import("../mutants.ts");
const { playRandomHistories } = await import("../random.ts");

/** By model: the indices of paths. */
export type Chosen = Record<string, number[]>;

export type Task =
  /** Plays every path on the sound server, to learn what each touches. */
  { type: "index"; part: keyof typeof playings } | { type: "judge"; key: string; chosen: Chosen; stepMs: number };

/** What has shown a fault, on real servers. */
export interface Finding {
  layer: "paths" | "histories";
  because: string;
}

/** The ids of states and the keys of transitions that a path comes to. */
export interface Touched {
  model: string;
  path: number;
  what: string[];
}

const mutants = new Map(allMutants().map((mutant) => [mutant.key, mutant]));
const { mutantStepsMax: tourStepsMax } = budgets.model;
const playings = { gateway: playPaths, conversations: playConversationPaths };

async function index(part: keyof typeof playings): Promise<Touched[]> {
  const coverage = new Coverage(charts);
  const touched: Touched[] = [];
  await playings[part]({
    ...{ atOnce: 1, simplePathsMax: 0, tourStepsMax, coverage },
    onPath: (model, path) => void touched.push({ model, path, what: coverage.takeFresh() }),
  });
  return touched;
}

async function judge(key: string, chosen: Chosen, stepDeadlineMs: number): Promise<Finding | undefined> {
  const mutant = mutants.get(key);
  if (!mutant) throw new Error(`there is no mutant "${key}"`);
  tryOut(mutant.machine);
  const models = Object.keys(chosen);
  for (const play of Object.values(playings)) {
    const options = { failuresMax: 1, simplePathsMax: 0, tourStepsMax, models, chosen };
    const { failures } = await play({ ...options, stepDeadlineMs });
    const [failure] = failures;
    if (failure)
      return { layer: "paths", because: `${failure.model}: ${failure.step}: ${failure.message.split("\n")[0]}` };
  }
  const patience = { firstMs: stepDeadlineMs, laterMs: 0, shrinkMs: 0 };
  for (const embedded of [false, true]) {
    const options = { seed: 1, runs: budgets.model.mutantHistories, embedded, patience };
    const [failure] = (await playRandomHistories(options)).failures;
    if (failure !== undefined) return { layer: "histories", because: failure.split("\n").at(-1) ?? "" };
  }
  return undefined;
}

process.on("message", async (task: Task) => {
  process.send?.(
    task.type === "index" ? await index(task.part) : ((await judge(task.key, task.chosen, task.stepMs)) ?? "nothing"),
  );
});
process.send?.("ready");
process.once("disconnect", () => process.exit());
