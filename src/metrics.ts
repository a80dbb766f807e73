// The figures of GET /metrics, in Prometheus' text format; read from the gateway at the moment they are asked for.
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { GatewayCounts } from "./gateway.ts";
import { type Limits, limits } from "./limits.ts";

export interface Figures extends GatewayCounts {
  runningTurns: number;
  stalledTurns: number;
}

const gauges: { name: string; help: string; read: (figures: Figures) => number }[] = [
  { name: "turnwire_sockets", help: "Open WebSockets.", read: (figures) => figures.sockets },
  {
    name: "turnwire_watches",
    help: "Conversations watched, counted once a socket.",
    read: (figures) => figures.watches,
  },
  { name: "turnwire_surfaces", help: "Surfaces that somebody looks at.", read: (figures) => figures.surfaces },
  { name: "turnwire_running_turns", help: "Turns not sealed yet.", read: (figures) => figures.runningTurns },
  {
    name: "turnwire_stalled_turns",
    help: "Turns whose agents give no sign of life.",
    read: (figures) => figures.stalledTurns,
  },
  { name: "turnwire_turn_events", help: "Turn events taken in since the start.", read: (figures) => figures.events },
  { name: "turnwire_turn_logs", help: "Turn logs kept in memory.", read: (figures) => figures.logs },
  { name: "turnwire_turn_log_bytes", help: "Bytes of all turn logs.", read: (figures) => figures.logBytes },
  {
    name: "turnwire_largest_turn_log_bytes",
    help: "Bytes of the largest turn log of a conversation.",
    read: (figures) => figures.largestLogBytes,
  },
  {
    name: "turnwire_unsent_bytes",
    help: "Bytes held for all sockets that have not taken them.",
    read: (figures) => figures.unsentBytes,
  },
  {
    name: "turnwire_largest_unsent_bytes",
    help: "Bytes held for the socket that is owed most.",
    read: (figures) => figures.largestUnsentBytes,
  },
  {
    name: "turnwire_flush_lateness_seconds",
    help: "How late the event loop is with what is to be written.",
    read: (figures) => figures.latenessMs / 1_000,
  },
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

/** @param figures asked once for each scrape. */
export function createMetrics(figures: () => Figures): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const set = gauges.map(({ name, help, read }) => {
    const gauge = new Gauge({ name, help, registers: [registry] });
    return (now: Figures): void => gauge.set(read(now));
  });
  const budget = new Gauge({
    name: "turnwire_budget_bytes",
    help: "Upper bounds of what is kept in memory.",
    labelNames: ["limit"],
    registers: [registry],
  });
  for (const limit of budgets) budget.set({ limit }, limits[limit]);
  return () => {
    const now = figures();
    for (const update of set) update(now);
    return registry.metrics();
  };
}
