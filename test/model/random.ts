// Random histories: fast-check picks what clients, agents, hosts and surfaces do, the server runs behind real
// WebSockets, and the oracle checks that it keeps the contract. A failing history is shrunk to the few steps that are
// needed.
import fc from "fast-check";
import type { AnyActorRef } from "xstate";
import type { GatewayPorts, PortsHost } from "../../src/gateway/gateway.ts";
import type { Limits } from "../../src/limits.ts";
import { type Name, names } from "./random/cast.ts";
import { commands } from "./random/commands.ts";
import { EmbeddedHost } from "./random/embedded-host.ts";
import { ScriptedHost } from "./random/host.ts";
import type { Sabotage } from "./random/sabotage/between.ts";
import { openRandomServer } from "./random/server.ts";
import { Stage } from "./random/stage.ts";
import { Story } from "./random/story.ts";

export interface RandomOptions {
  seed: number;
  /** Maximum number of histories. */
  runs: number;
  /** No history begins after this many milliseconds. */
  timeMs?: number;
  /** Uses the embedded server: real conversations, turns and store instead of the scripted host. */
  embedded?: boolean;
  /** Breaks the server, to test the histories themselves. */
  sabotage?: Sabotage;
  patience?: Patience;
  /** Is given the root of each server. */
  watch?: ((root: AnyActorRef) => void) | undefined;
}

export interface Patience {
  /** How long a history waits for expected messages. Long, because the machine may be busy. */
  firstMs: number;
  /** The same while a failure is shrunk. If too short, the shrunk history fails for another reason. */
  laterMs: number;
  /** Shrinking stops after this time and keeps its result so far. */
  shrinkMs: number;
}

export interface RandomReport {
  seed: number;
  runs: number;
  /** Steps taken in all histories. */
  commands: number;
  /** The most clients that a history had at once. */
  clientsMost: number;
  /** How often protocol 2 came up: verdicts that recovered and those that did not, repeated keys, conflicts. */
  replies: number;
  recovered: number;
  reloaded: number;
  repeats: number;
  others: number;
  /** Each failure with its steps and the broken promise. */
  failures: string[];
}

const usualPatience: Patience = { firstMs: 5_000, laterMs: 400, shrinkMs: 30_000 };
const commandsMost = 60;
/** Histories per seed. The next batch has the next seed, so that a failure is reproduced quickly. */
const batchRuns = 100;

type Command = fc.AsyncCommand<Story, Story>;
/** The number of clients and conversations at the start, the clients that speak turnwire.v1, and the steps. */
type History = [clients: number, conversations: number, v1: Name[], steps: Iterable<Command>];

const noReport = { commands: 0, clientsMost: 0, replies: 0, recovered: 0, reloaded: 0, repeats: 0, others: 0 };

async function openStage(patienceMs: number, isEmbedded: boolean, { orchestrator, between }: Sabotage): Promise<Stage> {
  const made: { host?: EmbeddedHost | ScriptedHost } = {};
  const ports = (portsHost: PortsHost, limits: Limits): GatewayPorts => {
    const host = isEmbedded ? new EmbeddedHost(portsHost, limits) : new ScriptedHost();
    made.host = host;
    const keys = host instanceof EmbeddedHost && { idempotency: host.idempotency };
    return { orchestrator: orchestrator?.(host) ?? host, broadcasts: host, ...keys };
  };
  const server = await openRandomServer({ ports, ...(between && { between }) });
  const { host } = made;
  if (!host) throw new Error("the gateway did not ask for its ports");
  return new Stage(server, host, patienceMs);
}

async function closeStage(stage: Stage | undefined): Promise<void> {
  for (const player of stage?.free.splice(0) ?? []) player.kill();
  if (stage?.host instanceof EmbeddedHost) stage.host.close();
  await stage?.server.stop();
}

export async function playRandomHistories(options: RandomOptions): Promise<RandomReport> {
  const {
    seed,
    runs,
    timeMs = Number.POSITIVE_INFINITY,
    embedded = false,
    sabotage = {},
    patience = usualPatience,
    watch,
  } = options;
  const report: RandomReport = { seed, runs: 0, ...noReport, failures: [] };
  let until = performance.now() + timeMs;
  let stage: Stage | undefined;
  let hasFailed = false;

  const play = async (...[clients, conversations, v1, steps]: History): Promise<void> => {
    if (performance.now() > until) return;
    if (!stage) {
      stage = await openStage(hasFailed ? patience.laterMs : patience.firstMs, embedded, sabotage);
      watch?.(stage.server.gateway.root);
    }
    const story = new Story(stage, conversations, v1);
    try {
      for (const name of names.slice(0, clients)) await story.cast.enter(name);
      await fc.asyncModelRun(() => ({ model: story, real: story }), steps);
      await story.finish();
    } catch (error) {
      if (!hasFailed) until = performance.now() + patience.shrinkMs;
      hasFailed = true;
      // Leftovers of the failed history must not disturb the next one.
      story.abandon();
      const broken = stage;
      stage = undefined;
      await closeStage(broken);
      throw error;
    } finally {
      report.runs++;
      report.commands += story.steps;
      report.clientsMost = Math.max(report.clientsMost, story.cast.mostOpen);
      const { replies, recovered, reloaded, repeats, others } = story.oracle.tally();
      report.replies += replies;
      report.recovered += recovered;
      report.reloaded += reloaded;
      report.repeats += repeats;
      report.others += others;
    }
  };

  const histories = fc.asyncProperty(
    fc.integer({ min: 2, max: 3 }),
    fc.integer({ min: 1, max: 2 }),
    fc.subarray([...names], { minLength: 1 }),
    fc.commands([commands], { maxCommands: commandsMost, size: "max", disableReplayLog: true }),
    play,
  );
  try {
    for (let batch = 0; report.runs < runs && performance.now() < until && report.failures.length === 0; batch++) {
      const numRuns = Math.min(batchRuns, runs - report.runs);
      const details = await fc.check(histories, { seed: seed + batch, numRuns, includeErrorInReport: false });
      if (details.failed) report.failures.push(told(details));
    }
  } finally {
    await closeStage(stage);
  }
  return report;
}

type Details = fc.RunDetails<History>;

/** A failure as text for a person. The names of commands contain no commas, so the list is split at them. */
function told({ counterexample, errorInstance, seed, numShrinks }: Details): string {
  const [clients, conversations, v1, steps] = counterexample ?? [0, 0, [], ""];
  const lines = String(steps)
    .split(",")
    .filter((line) => line !== "");
  return [
    `SEED=${seed}, shrunk ${numShrinks} times: ${clients} clients, ${conversations} conversations`,
    `turnwire.v1: ${v1.join(" ") || "nobody"}`,
    ...lines.map((line, index) => `  ${index + 1}. ${line}`),
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
  ].join("\n");
}
