// The figures of GET /metrics, in Prometheus' text format and by its conventions (base units, _total for what only
// grows); read from the gateway at the moment they are asked for.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { EgressCounters } from "../egress/counters.ts";
import type { Limits } from "../limits.ts";
import type { GatewayCounts } from "./counts.ts";
import type { ChartCount } from "./inspection/answers.ts";

export interface Figures extends GatewayCounts {
  runningTurns: number;
  stalledTurns: number;
}

/** What they are read from. */
export interface MetricsSource {
  /** Asked once for each scrape, as the rest is. */
  figures: () => Figures;
  charts: () => ChartCount[];
  egress: () => EgressCounters;
  /** How many peers wait to be heard, by kind. */
  waiting: () => { sockets: number; newcomers: number };
}

export interface Metrics {
  /** Prometheus text of the figures as they are now. */
  scrape(source: MetricsSource): Promise<string>;
  /** The store has committed; milliseconds. */
  committed(tookMs: number): void;
}

type Read = (figures: Figures, egress: EgressCounters) => number;

const gauges: [name: string, help: string, read: Read][] = [
  ["turnwire_sockets", "Open WebSockets.", ({ sockets }) => sockets],
  ["turnwire_watches", "Conversations watched, counted once a socket.", ({ watches }) => watches],
  ["turnwire_surfaces", "Surfaces that somebody looks at.", ({ surfaces }) => surfaces],
  ["turnwire_running_turns", "Turns not sealed yet.", ({ runningTurns }) => runningTurns],
  ["turnwire_stalled_turns", "Turns whose agents give no sign of life.", ({ stalledTurns }) => stalledTurns],
  ["turnwire_turn_logs", "Turn logs kept in memory.", ({ logs }) => logs],
  ["turnwire_turn_log_bytes", "Bytes of all turn logs.", ({ logBytes }) => logBytes],
  [
    "turnwire_largest_turn_log_bytes",
    "Bytes of the largest turn log of a conversation.",
    ({ largestLogBytes }) => largestLogBytes,
  ],
  ["turnwire_unsent_bytes", "Bytes held for all sockets that have not taken them.", ({ unsentBytes }) => unsentBytes],
  [
    "turnwire_largest_unsent_bytes",
    "Bytes held for the socket that is owed most.",
    ({ largestUnsentBytes }) => largestUnsentBytes,
  ],
  ["turnwire_largest_lag_events", "Events that the slowest watch lacks.", ({ largestLag }) => largestLag],
  [
    "turnwire_flush_lateness_seconds",
    "How late the event loop is with what is to be written.",
    ({ latenessMs }) => latenessMs / 1_000,
  ],
];

const counters: [name: string, help: string, read: Read][] = [
  ["turnwire_turn_events_total", "Turn events taken in.", ({ events }) => events],
  ["turnwire_deliveries_total", "Turn events given to sockets, each for each.", (_, { deliveries }) => deliveries],
  ["turnwire_delivery_writes_total", "Writes that carried those.", (_, { deliveryWrites }) => deliveryWrites],
  ["turnwire_writes_total", "Writes to sockets, of whatever.", (_, { writes }) => writes],
  ["turnwire_written_bytes_total", "Bytes written to sockets.", (_, { writtenBytes }) => writtenBytes],
];

/** The budgets that those figures are held to; what is shed or refused at each is in src/limits.ts. */
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
  const set = gauges.map(([name, help, read]) => {
    const gauge = new Gauge({ name, help, registers });
    return (now: Figures, gone: EgressCounters): void => gauge.set(read(now, gone));
  });
  const count = counters.map(([name, help, read]) => {
    const counter = new Counter({ name, help, registers });
    return (now: Figures, gone: EgressCounters): void => {
      counter.reset();
      counter.inc(read(now, gone));
    };
  });
  const budget = new Gauge({
    name: "turnwire_budget_bytes",
    help: "Upper bounds of what is kept in memory.",
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
    help: "Peers that wait to be heard: sockets that send more than is read, upgrades, long messages.",
    labelNames: ["kind"],
    registers,
  });
  const closes = new Counter({
    name: "turnwire_closes_total",
    help: "Sockets that the server closed, by code.",
    labelNames: ["code"],
    registers,
  });
  const refusals = new Counter({
    name: "turnwire_refusals_total",
    help: "Requests over sockets that were refused, by code.",
    labelNames: ["code"],
    registers,
  });
  const commits = new Histogram({
    name: "turnwire_store_commit_seconds",
    help: "Time of a commit of the store.",
    buckets: [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const byCode = (counter: Counter<"code">, counts: ReadonlyMap<string, number>): void => {
    counter.reset();
    for (const [code, total] of counts) counter.inc({ code }, total);
  };
  return {
    scrape({ figures, charts, egress, waiting }) {
      const [now, gone] = [figures(), egress()];
      for (const update of [...set, ...count]) update(now, gone);
      byCode(closes, gone.closes);
      byCode(refusals, gone.refusals);
      for (const [kind, many] of Object.entries(waiting())) waits.set({ kind }, many);
      waits.set({ kind: "long-messages" }, now.longMessages);
      actors.reset();
      for (const { chart, states } of charts())
        for (const [state, many] of Object.entries(states)) actors.set({ chart, state: nameIn(chart, state) }, many);
      return registry.metrics();
    },
    committed: (tookMs) => commits.observe(tookMs / 1_000),
  };
}

/** A state's id without the chart's, which it begins with. */
const nameIn = (chart: string, state: string): string =>
  state.startsWith(`${chart}.`) ? state.slice(chart.length + 1) : state;
