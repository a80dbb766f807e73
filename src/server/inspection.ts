// What --inspect adds to the process: the live visualizer on the HTTP port.
import { fileURLToPath } from "node:url";
import { Visualizer } from "../diagnostics/inspection/visualizer.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";
import type { InspectConfig } from "./config.ts";

const chartsDirectory = fileURLToPath(new URL("../../visualizations/", import.meta.url));
const pageDirectory = `${chartsDirectory}live`;

export function createVisualizer(
  { payloads }: InspectConfig,
  hasToken: boolean,
  { root, actors, inspection, directory }: Gateway,
  counts: () => Record<string, number | boolean>,
  clock: Clock,
  limits: Limits,
): Visualizer {
  const observed = { root, actors, inspection, directory };
  return new Visualizer({ ...observed, payloads, hasToken, pageDirectory, chartsDirectory, counts, clock, limits });
}
