// The human-readable results of a run: one table per workload as soon as it is done, and the targets at the end.
import type { Metric } from "./sample.ts";
import { type ServerName, servers } from "./servers.ts";
import type { Measured, Target, Workload } from "./workload.ts";

const baselines = ["plain-ws", "socket-io", "bun"] as const;

const columns = [
  "part",
  "server",
  "a second",
  "CPU µs",
  "p50 ms",
  "p99",
  "p99.9",
  "RSS MiB",
  "generator",
  ...baselines.map((name) => `× ${servers[name].title}`),
  "",
];

/** About three significant digits without an exponent. Empty for a value that was not measured. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

export function workloadTable(workload: Workload, measured: Measured): string {
  const rows = workload.parts.flatMap((part) =>
    workload.lanes
      .filter((lane) => measured.has(part, lane.name))
      .map((lane) => {
        const median = (metric: Metric): number => measured.median(part, lane.name, metric);
        const ratios = baselines.map((name) => measured.ratio(part, lane.name, name));
        return [
          part,
          lane.name in servers ? servers[lane.name as ServerName].title : lane.name,
          figure(median("ratePerSecond")),
          figure(median("cpuUs")),
          figure(median("p50Ms")),
          figure(median("p99Ms")),
          figure(median("p999Ms")),
          figure(median("rssMiB")),
          percent(median("generatorShare")),
          ...ratios.map(figure),
          remarks(median),
        ];
      }),
  );
  const { title, unit, repetitions } = workload;
  const explanation = `A second, and CPU of the server: by ${unit}. Median of ${repetitions}.`;
  return `## ${title}\n\n${explanation}\n\n${grid(columns, rows)}\n`;
}

/** Marks a generator that uses more than 90 % of a core: it measures its own speed, not the server's. */
function percent(share: number): string {
  return `${Math.round(share * 100)} %${share > 0.9 ? " (!)" : ""}`;
}

function remarks(median: (metric: Metric) => number): string {
  const said: string[] = [];
  const say = (metric: Metric, sentence: (value: number) => string): void => {
    const value = median(metric);
    if (Number.isFinite(value)) said.push(sentence(value));
  };
  say("rssPerSocketKb", (value) => `${figure(value)} KB a socket`);
  // Several messages came in one read.
  if (median("readsPerUnit") < 0.97) say("readsPerUnit", (value) => `${figure(value)} reads each`);
  say("maxMs", (value) => `the last after ${figure(value / 1_000)} s`);
  say("missed", (value) => `${value} missed`);
  say("twice", (value) => `${value} twice`);
  say("p99Spread", (value) => `worst socket's p99 × ${figure(value)}`);
  return said.join(", ");
}

export function targetTable(targets: readonly Target[]): string {
  const rows = targets.map(({ what, measured, bound, holds }) => [what, measured, bound, holds ? "ok" : "MISS"]);
  return `## targets\n\n${grid(["target", "measured", "bound", ""], rows)}\n`;
}

/** A Markdown table whose columns are aligned in the text. */
function grid(head: string[], rows: string[][]): string {
  const widths = head.map((name, at) => Math.max(3, name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: string[]): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n");
}
