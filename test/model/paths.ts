// Plays every path of the models of a connection, of two connections, of a surface subscription, of a host's life and
// of a process's life on running servers, over real sockets. Counts which transitions of the charts their actors take.
import type { AnyStateMachine } from "xstate";
import { connectionMachine } from "../../machines/connection.ts";
import { gatewayMachine } from "../../machines/gateway.ts";
import { surfaceMachine } from "../../machines/surface.ts";
import { watchMachine } from "../../machines/watch.ts";
import { type Arrival, Coverage, type CoverageRow } from "./coverage.ts";
import { connectionModel } from "./models/connection.ts";
import { hostLifeModel } from "./models/host-life.ts";
import { processLifeModel } from "./models/process-life.ts";
import { muteSurfaceModel, surfaceSubscriptionModel } from "./models/surface-subscription.ts";
import { twoConnectionsModel } from "./models/two-connections.ts";
import { type Implementation, type ModelRow, type PathFailure, type Played, type PlayOptions, play } from "./play.ts";
import { connectionPlayer } from "./players/connection.ts";
import { hostLifePlayer } from "./players/host-life.ts";
import { processLifePlayer } from "./players/process-life.ts";
import { surfaceSubscriptionPlayer } from "./players/surface-subscription.ts";
import { twoConnectionsPlayer } from "./players/two-connections.ts";
import { isExpected } from "./structure.ts";
import { simplePathsCounted, type WalkBounds, walk } from "./walk.ts";

export interface PathsReport {
  models: ModelRow[];
  /** One row for each of the charts connection, watch, surface and gateway. */
  coverage: CoverageRow[];
  failures: PathFailure[];
  /** One sentence per transition not taken, and per event that arrived in a state that does not expect it. */
  problems: string[];
}

export interface PathsOptions extends PlayOptions, Pick<WalkBounds, "simplePathsMax" | "tourStepsMax"> {
  /** Plays only these models. The transitions that they do not take are then not reported. */
  models?: readonly string[];
  /** Counts the transitions, in the place of a counter of this run. */
  coverage?: Coverage;
}

/** Higher: more and longer sequences of events. 100 take about 8 s for all models. */
const usualSimplePaths = 100;

const charts: AnyStateMachine[] = [connectionMachine, watchMachine, surfaceMachine, gatewayMachine];

export async function playPaths(options: PathsOptions = {}): Promise<PathsReport> {
  const { simplePathsMax = usualSimplePaths, tourStepsMax, models, ...playing } = options;
  const { coverage = new Coverage(charts) } = options;
  const played: Played[] = [];
  const playModel = async <Fixture>(
    model: AnyStateMachine,
    player: Implementation<Fixture>,
    atOnce = 4,
  ): Promise<void> => {
    if (models?.includes(model.id) === false) return;
    played.push(await play(walk(model, { simplePathsMax, tourStepsMax }), player, { atOnce, ...playing }));
  };
  await playModel(connectionModel, connectionPlayer(coverage));
  await playModel(twoConnectionsModel, twoConnectionsPlayer(coverage));
  await playModel(surfaceSubscriptionModel, surfaceSubscriptionPlayer(coverage, { announces: true }));
  await playModel(muteSurfaceModel, surfaceSubscriptionPlayer(coverage, { announces: false }));
  await playModel(hostLifeModel, hostLifePlayer(coverage), 1);
  await playModel(processLifeModel, processLifePlayer(coverage));
  const table = coverage.table();
  return {
    models: played.map(({ model }) => model),
    coverage: table,
    failures: played.flatMap(({ failures }) => failures),
    problems: [...(models ? [] : gaps(table)), ...broken(coverage.arrivals())],
  };
}

/** The transitions that a path must take and none does. */
function gaps(table: CoverageRow[]): string[] {
  return table.flatMap((row) => row.missing).map((key) => `no path takes the transition ${key}`);
}

/** Events that reached a running actor in a state whose chart does not expect them. */
function broken(arrivals: Arrival[]): string[] {
  return arrivals.flatMap(({ chart, state, event, times }) => {
    const machine = charts.find(({ id }) => id === chart);
    const expectation = machine && isExpected(machine, state, event);
    if (expectation === "handled" || expectation === "ignored") return [];
    const claim = expectation === "never" ? "says that it never comes there" : "lists it nowhere";
    return [`${event} came to a ${chart} in ${JSON.stringify(state)}, ${times} times: the chart ${claim}`];
  });
}

/** The report as text for a reader: what was walked and played, and what failed. */
export function sentencesOf({ models, coverage, failures, problems }: PathsReport): string[] {
  return [
    ...models.map(({ name, states, transitions, found, paths, steps }) => {
      const simple = found.simple < simplePathsCounted ? `${found.simple}` : `more than ${simplePathsCounted}`;
      const kinds = `${found.shortest} shortest paths, ${found.transition} over a transition, ${simple} simple ones`;
      return `${name}: ${states} states, ${transitions} transitions; ${kinds}; ${paths} paths played, ${steps} steps`;
    }),
    ...coverage.map(({ chart, taken, all }) => `${chart}: ${taken} of ${all} transitions taken`),
    ...failures.map(({ model, path, step, message }) => `FAILED ${model}: ${path}, at ${step}: ${message}`),
    ...problems.map((problem) => `FAILED ${problem}`),
  ];
}
