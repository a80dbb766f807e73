// The metrics of GET /metrics, in Prometheus' text format and conventions (base units, _total for counters). They are
// read from the gateway at each scrape.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { EgressCounters } from "../egress/counters.ts";
import type { Limits } from "../limits.ts";
import type { GatewayCounts } from "./counts.ts";
import type { ChartCount } from "./inspection/answers.ts";

export interface Figures extends GatewayCounts {
  runningTurns: number;
  stalledTurns: number;
}

/** Where the metrics are read from. */
export interface MetricsSource {
  figures: () => Figures;
  charts: () => ChartCount[];
  egress: () => EgressCounters;
  /** How many turns have ended, by how they ended. */
  turnEnds: ReadonlyMap<string, number>;
  /** How many sockets wait to be read, and how many upgrades wait. */
  waiting: () => { sockets: number; newcomers: number };
}

export interface Metrics {
  /** Prometheus text of the figures as they are now. */
  scrape(source: MetricsSource): Promise<string>;
  /** Records a commit of the store. */
  committed(tookMs: number): void;
}

type Read = (figures: Figures, egress: EgressCounters) => number;

const gauges: [name: string, help: string, read: Read][] = [
  ["turnwire_sockets", "Open WebSockets.", ({ sockets }) => sockets],
  ["turnwire_watches", "Subscriptions of sockets to conversations.", ({ watches }) => watches],
  ["turnwire_surfaces", "Surfaces that are watched.", ({ surfaces }) => surfaces],
  ["turnwire_running_turns", "Turns not sealed yet.", ({ runningTurns }) => runningTurns],
  ["turnwire_stalled_turns", "Turns whose agents give no sign of life.", ({ stalledTurns }) => stalledTurns],
  ["turnwire_turn_logs", "Turn logs kept in memory.", ({ logs }) => logs],
  ["turnwire_turn_log_bytes", "Bytes of all turn logs.", ({ logBytes }) => logBytes],
  [
    "turnwire_largest_turn_log_bytes",
    "Bytes of the largest turn log of a conversation.",
    ({ largestLogBytes }) => largestLogBytes,
  ],
  ["turnwire_unsent_bytes", "Bytes held for all sockets and not sent yet.", ({ unsentBytes }) => unsentBytes],
  [
    "turnwire_largest_unsent_bytes",
    "Unsent bytes of the socket with the most.",
    ({ largestUnsentBytes }) => largestUnsentBytes,
  ],
  ["turnwire_largest_lag_events", "Events that the slowest watch is behind.", ({ largestLag }) => largestLag],
  [
    "turnwire_flush_lateness_seconds",
    "How late the event loop runs due flushes.",
    ({ latenessMs }) => latenessMs / 1_000,
  ],
];

const counters: [name: string, help: string, read: Read][] = [
  ["turnwire_turn_events_total", "Turn events received from the orchestrator.", ({ events }) => events],
  ["turnwire_deliveries_total", "Turn events delivered, counted per socket.", (_, { deliveries }) => deliveries],
  ["turnwire_delivery_writes_total", "Writes that carried turn events.", (_, { deliveryWrites }) => deliveryWrites],
  ["turnwire_writes_total", "All writes to sockets.", (_, { writes }) => writes],
  ["turnwire_written_bytes_total", "Bytes written to sockets.", (_, { writtenBytes }) => writtenBytes],
];

/** The memory budgets. docs/reference/limits.md says what is shed or refused at each. */
const budgets = [
  "turnLogBytesMax",
  "conversationLogBytesMax",
  "allLogsBytesMax",
  "runningLogsBytesMax",
  "outstandingBytesMax",
  "unsentBytesMax",
  "allUnsentBytesMax",
] as const satisfies (keyof Limits)[];

export function createMetrics(limits: Limits): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const updateGauges = gauges.map(([name, help, read]) => {
    const gauge = new Gauge({ name, help, registers });
    return (now: Figures, counts: EgressCounters): void => gauge.set(read(now, counts));
  });
  const updateCounters = counters.map(([name, help, read]) => {
    const counter = new Counter({ name, help, registers });
    return (now: Figures, counts: EgressCounters): void => {
      counter.reset();
      counter.inc(read(now, counts));
    };
  });
  const budget = new Gauge({
    name: "turnwire_budget_bytes",
    help: "Memory budgets, by the name of the limit.",
    labelNames: ["limit"],
    registers,
  });
  for (const limit of budgets) budget.set({ limit }, limits[limit]);
  const actors = new Gauge({
    name: "turnwire_actors",
    help: "Actors by chart and innermost state: sockets, turns, conversations, watches, surfaces.",
    labelNames: ["chart", "state"],
    registers,
  });
  const waits = new Gauge({
    name: "turnwire_intake_waiting",
    help: "What waits to be processed: sockets that send faster than they are read, upgrades, long messages.",
    labelNames: ["kind"],
    registers,
  });
  const closes = new Counter({
    name: "turnwire_closes_total",
    help: "Sockets closed by the server, by close code.",
    labelNames: ["code"],
    registers,
  });
  const refusals = new Counter({
    name: "turnwire_refusals_total",
    help: "Refused requests over sockets, by error code.",
    labelNames: ["code"],
    registers,
  });
  const turnEnds = new Counter({
    name: "turnwire_turns_ended_total",
    help: "Turns ended, by the final state of the turn's chart: done, failed, cancelled, lost and so on.",
    labelNames: ["end"],
    registers,
  });
  const commits = new Histogram({
    name: "turnwire_store_commit_seconds",
    help: "Duration of the store's commits.",
    buckets: [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const countBy = <Label extends string>(
    label: Label,
    counter: Counter<Label>,
    counts: ReadonlyMap<string, number>,
  ): void => {
    counter.reset();
    for (const [value, total] of counts) counter.inc({ [label]: value } as Record<Label, string>, total);
  };
  return {
    scrape(source) {
      const { figures, charts, egress, waiting } = source;
      const [now, counts] = [figures(), egress()];
      for (const update of [...updateGauges, ...updateCounters]) update(now, counts);
      countBy("code", closes, counts.closes);
      countBy("code", refusals, counts.refusals);
      countBy("end", turnEnds, source.turnEnds);
      for (const [kind, count] of Object.entries(waiting())) waits.set({ kind }, count);
      waits.set({ kind: "long-messages" }, now.longMessages);
      actors.reset();
      for (const { chart, states } of charts())
        for (const [state, count] of Object.entries(states)) actors.set({ chart, state: nameIn(chart, state) }, count);
      return registry.metrics();
    },
    committed: (tookMs) => commits.observe(tookMs / 1_000),
  };
}

/** A state's id without the leading chart id. */
const nameIn = (chart: string, state: string): string =>
  state.startsWith(`${chart}.`) ? state.slice(chart.length + 1) : state;
