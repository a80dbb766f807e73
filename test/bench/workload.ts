// What a workload is: parts, each measured in every lane in turn, and the targets that its samples are judged by.
import type { Rig } from "./rig.ts";
import type { Metric, Sample } from "./sample.ts";
import type { ServerName } from "./servers.ts";
import { median, medianRatio } from "./statistics.ts";

/** One server under this workload, in a process of its own, with a generator of its own. */
export interface Flow {
  /** What it is called in the results; the server's name, if there is no other lane with it. */
  name: string;
  server: ServerName;
}

export const lane = (server: ServerName): Flow => ({ name: server, server });
export const everyServer: readonly Flow[] = (["turnwire", "plain-ws", "socket-io", "bun"] as const).map(lane);

export interface Target {
  what: string;
  measured: string;
  bound: string;
  holds: boolean;
}

export interface Workload {
  name: string;
  /** What is done, as a sentence for the table. */
  title: string;
  /** Of what there is a rate and a cost. */
  unit: string;
  /** Open at once in one lane: what the limit of open files has to allow. */
  sockets: number;
  lanes: readonly Flow[];
  parts: readonly string[];
  repetitions: number;
  /** The subprotocol that its peers offer to ours. */
  subprotocol?: string;
  /** Gets everything ready; what it answers takes one sample of a part. */
  prepare(rig: Rig, lane: Flow): Promise<(part: string) => Promise<Sample>>;
  targets(measured: Measured): Target[];
}

/** Smaller numbers where the run has to be quick; repetitions stay. */
export interface Scale {
  quick: boolean;
  /** Takes the first when the run is quick. */
  pick(quick: number, whole: number): number;
}

export const scaleOf = (quick: boolean): Scale => ({ quick, pick: (small, whole) => (quick ? small : whole) });

/** The samples of one workload, in the order of the repetitions. */
export class Measured {
  readonly samples: Record<string, Record<string, Sample[]>>;

  constructor(samples: Record<string, Record<string, Sample[]>> = {}) {
    this.samples = samples;
  }

  add(part: string, lane: string, sample: Sample): void {
    this.samples[part] ??= {};
    const lanes = this.samples[part];
    lanes[lane] ??= [];
    lanes[lane].push(sample);
  }

  has(part: string, lane: string): boolean {
    return (this.samples[part]?.[lane]?.length ?? 0) > 0;
  }

  values(part: string, lane: string, metric: Metric): number[] {
    return (this.samples[part]?.[lane] ?? []).map((sample) => sample[metric] ?? Number.NaN);
  }

  median(part: string, lane: string, metric: Metric): number {
    return median(this.values(part, lane, metric).filter(Number.isFinite));
  }

  /** How many times as much the other lane has of it; for costs: how many times better the first one is. */
  ratio(part: string, lane: string, other: string, metric: Metric = "cpuUs"): number {
    return medianRatio(this.values(part, lane, metric), this.values(part, other, metric));
  }
}

/** A target on how many times cheaper ours is. No row where there is nothing to compare with. */
export function atLeast(what: string, ratio: number, bound: number): Target[] {
  if (!Number.isFinite(ratio)) return [];
  return [{ what, measured: `× ${ratio.toFixed(2)}`, bound: `× ${bound}`, holds: ratio >= bound }];
}

export function below(what: string, value: number, bound: number, unit = ""): Target[] {
  if (!Number.isFinite(value)) return [];
  const space = unit === "" ? "" : " ";
  const measured = `${Number(value.toPrecision(3))}${space}${unit}`;
  return [{ what, measured, bound: `< ${bound}${space}${unit}`, holds: value < bound }];
}
