// The figures of GET /metrics, in Prometheus' text format; read from the gateway at the moment they are asked for.
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { GatewayCounts } from "./gateway.ts";

export interface Figures extends GatewayCounts {
  runningTurns: number;
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
  { name: "turnwire_turn_events", help: "Turn events taken in since the start.", read: (figures) => figures.events },
  { name: "turnwire_turn_logs", help: "Turn logs kept in memory.", read: (figures) => figures.logs },
  { name: "turnwire_turn_log_bytes", help: "Bytes of all turn logs.", read: (figures) => figures.logBytes },
];

/** @param figures asked once for each scrape. */
export function createMetrics(figures: () => Figures): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const set = gauges.map(({ name, help, read }) => {
    const gauge = new Gauge({ name, help, registers: [registry] });
    return (now: Figures): void => gauge.set(read(now));
  });
  return () => {
    const now = figures();
    for (const update of set) update(now);
    return registry.metrics();
  };
}
