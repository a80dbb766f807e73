// What --inspect adds to the process: the live visualizer on the HTTP port and, with `stately`, the Stately inspector.
import { fileURLToPath } from "node:url";
import { Visualizer } from "../diagnostics/inspection/visualizer.ts";
import type { StatelyInspector } from "../diagnostics/stately.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import type { InspectConfig } from "./config.ts";

const chartsDirectory = fileURLToPath(new URL("../../visualizations/", import.meta.url));
const pageDirectory = `${chartsDirectory}live`;

export function createVisualizer(
  { payloads }: InspectConfig,
  hasToken: boolean,
  { inspection, directory }: Gateway,
  counts: () => Record<string, number | boolean>,
  clock: Clock,
  limits: Limits,
): Visualizer {
  const parts = { inspection, directory, payloads, hasToken, pageDirectory, chartsDirectory, counts, clock, limits };
  return new Visualizer(parts);
}

/** Imports the inspector only when used. @throws ListenError when the relay's port is taken. */
export async function openStately(
  { filter, payloads, port }: InspectConfig,
  gateway: Gateway,
  clock: Clock,
  logger: Logger,
  limits: Limits,
): Promise<StatelyInspector> {
  const { startStately } = await import("../diagnostics/stately.ts");
  return await startStately({ gateway, filter, payloads, port, clock, logger, limits });
}
