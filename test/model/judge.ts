// Judges the charts as they are loaded: runs the checker, the paths, the exploration and the random histories, one
// after the other, until one finds a fault. test/model/mutation.ts runs this file to judge one mutant.
import { budgets } from "../budgets.ts";
import { charts, declaredEvents } from "./charts.ts";
import { playConversationPaths } from "./conversation-paths.ts";
import { explore } from "./explore.ts";
import { playPaths } from "./paths.ts";
import { playRandomHistories } from "./random.ts";
import { checkStructure } from "./structure.ts";

/** Returns the first problem that a suite finds; undefined when it finds none. */
type Suite = () => Promise<string | undefined> | string | undefined;

const { tourStepsMax } = budgets.model;

const suites: Record<string, Suite> = {
  "paths of a surface": async () => {
    const models = ["surface-subscription", "surface-subscription-mute"];
    return firstOf((await playPaths({ failuresMax: 1, models, tourStepsMax })).failures);
  },
  "paths of a turn": async () => {
    return firstOf((await playConversationPaths({ failuresMax: 1, models: ["turn"], tourStepsMax })).failures);
  },
  structure: () => checkStructure(charts, declaredEvents).faults[0]?.sentence,
  paths: async () => {
    const { failures, problems } = await playPaths({ failuresMax: 1, tourStepsMax });
    return firstOf(failures) ?? problems[0];
  },
  "conversation paths": async () => {
    const { failures, problems } = await playConversationPaths({ failuresMax: 1, tourStepsMax });
    return firstOf(failures) ?? problems[0];
  },
  exploration: () => {
    const [violation] = explore().violations;
    return violation && `${violation.problem} (after ${violation.path.length} steps)`;
  },
  "random histories": async () => {
    const patience = { firstMs: 500, laterMs: 150, shrinkMs: 1_000 };
    for (const embedded of [false, true]) {
      const options = { seed: 1, runs: 2_000, timeMs: 30_000, embedded, patience };
      const [failure] = (await playRandomHistories(options)).failures;
      if (failure !== undefined) return failure.split("\n").at(-1);
    }
    return undefined;
  },
};

const firstOf = ([failure]: { path: string; step: string; message: string }[]): string | undefined =>
  failure && `${failure.path}: ${failure.step}: ${failure.message.split("\n")[0]}`;

/** The suite that is likely to find the fault first. */
const first = process.env["MUTANT_SUITE"] ?? "structure";
const order = ["structure", first, ...Object.keys(suites)].filter((name, at, all) => all.indexOf(name) === at);

async function judge(): Promise<{ killedBy: string; because: string } | undefined> {
  for (const name of order) {
    let because: string | undefined;
    try {
      because = await suites[name]?.();
    } catch (error) {
      because = `it threw: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
    }
    if (because !== undefined) return { killedBy: name, because };
  }
  return undefined;
}

process.stdout.write(`${JSON.stringify((await judge()) ?? { survived: true })}\n`);
// A mutant may leave a timer, a socket or a waiting loop that keeps the process alive.
process.exit(0);
