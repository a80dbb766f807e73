// Plays every path of the models of a conversation and of a turn on whole embedded servers, over real sockets. Counts
// which transitions of the charts conversation and turn the servers' actors take.
import type { AnyActorRef, AnyStateMachine } from "xstate";
import { conversationMachine } from "../../machines/conversation.ts";
import { turnMachine } from "../../machines/turn.ts";
import { type Arrival, Coverage, type CoverageRow } from "./coverage.ts";
import { conversationModel } from "./models/conversation.ts";
import { turnModel } from "./models/turn.ts";
import { type ModelRow, type PathFailure, type Played, type PlayOptions, play } from "./play.ts";
import { conversationPlayer } from "./players/conversation.ts";
import { Servers } from "./players/servers.ts";
import { turnPlayer } from "./players/turn.ts";
import { isExpected } from "./structure.ts";
import { type WalkBounds, walk } from "./walk.ts";

export interface ConversationPathsReport {
  models: ModelRow[];
  /** Of the charts conversation and turn. */
  coverage: CoverageRow[];
  failures: PathFailure[];
  /** One sentence per transition not taken, and per event that arrived in a state that does not expect it. */
  problems: string[];
}

export interface ConversationPathsOptions extends PlayOptions, Pick<WalkBounds, "simplePathsMax" | "tourStepsMax"> {
  /** Plays only these models. The transitions that they do not take are then not reported. */
  models?: readonly string[];
  /** Counts the transitions, in the place of a counter of this run. */
  coverage?: Coverage;
}

/** Higher: longer sequences of events. 100 more for each model take about 6 s. */
const usualSimplePaths = 20;

const charts: AnyStateMachine[] = [conversationMachine, turnMachine];

export async function playConversationPaths(options: ConversationPathsOptions = {}): Promise<ConversationPathsReport> {
  const { simplePathsMax = usualSimplePaths, tourStepsMax, models, ...playing } = options;
  const { coverage = new Coverage(charts) } = options;
  const bounds = { simplePathsMax, tourStepsMax };
  const isPlayed = ({ id }: AnyStateMachine): boolean => models?.includes(id) !== false;
  const attach = (root: AnyActorRef): (() => void) => coverage.attach(root.system);
  const patient = new Servers({ heedAbort: false, attach });
  const obedient = new Servers({ heedAbort: true, attach });
  try {
    const played: Played[] = [];
    if (isPlayed(conversationModel))
      played.push(await play(walk(conversationModel, bounds), conversationPlayer(patient, attach), playing));
    if (isPlayed(turnModel)) played.push(await play(walk(turnModel, bounds), turnPlayer(obedient), playing));
    const table = coverage.table();
    const missing = models ? [] : table.flatMap((row) => row.missing);
    return {
      models: played.map(({ model }) => model),
      coverage: table,
      failures: played.flatMap(({ failures }) => failures),
      problems: [...missing.map((key) => `no path takes the transition ${key}`), ...broken(coverage.arrivals())],
    };
  } finally {
    await Promise.all([patient.end(), obedient.end()]);
  }
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
