// Says whether the charts as they are loaded are good: the checker, the paths, the exploration and the random
// histories, one after the other until one finds something. Run by itself it is the judge of one mutant
// (test/model/mutation.ts).
import { budgets } from "../budgets.ts";
import { charts, declaredEvents } from "./charts.ts";
import { playConversationPaths } from "./conversation-paths.ts";
import { explore } from "./explore.ts";
import { playPaths } from "./paths.ts";
import { playRandomHistories } from "./random.ts";
import { checkStructure } from "./structure.ts";

/** What a suite found wrong first; undefined when it found nothing. */
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

/** Where the fault is likely to show first. */
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
// A mutant may leave anything behind: a timer, a socket, a loop that waits.
process.exit(0);
