// The machine-readable results of a run: one JSON file with every sample. Tables and plots can be made from it again.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Sample } from "./sample.ts";
import { Measured, type Target, type Workload } from "./workload.ts";

interface WorkloadResult {
  name: string;
  title: string;
  unit: string;
  parts: readonly string[];
  lanes: string[];
  /** How long the workload took. */
  seconds: number;
  /** By part and lane, in the order of the repetitions. */
  samples: Record<string, Record<string, Sample[]>>;
}

export interface Results {
  /** ISO 8601. */
  madeAt: string;
  quick: boolean;
  conditions: string[];
  workloads: WorkloadResult[];
  targets: Target[];
}

export function resultOf(workload: Workload, measured: Measured, seconds: number): WorkloadResult {
  const { name, title, unit, parts, lanes } = workload;
  const [first = ""] = parts;
  const present = lanes.map((lane) => lane.name).filter((lane) => measured.has(first, lane));
  return { name, title, unit, parts, lanes: present, seconds, samples: measured.samples };
}

export const measuredOf = (result: WorkloadResult): Measured => new Measured(result.samples);

export function writeText(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export const readResults = (file: string): Results => JSON.parse(readFileSync(file, "utf8"));
