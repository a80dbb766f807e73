// A workload: parts, each measured in every lane in turn, and the targets for its samples.
import type { Rig } from "./rig.ts";
import type { Metric, Sample } from "./sample.ts";
import type { ServerName } from "./servers.ts";
import { median, medianRatio } from "./statistics.ts";

/** One measured server of a workload, in a process of its own, with a load generator of its own. */
export interface Flow {
  /** The name in the results. It is the server's name if no other lane has the same server. */
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
  /** The work that is done, as a heading for the table. */
  title: string;
  /** The unit in which rates and costs are counted. */
  unit: string;
  /** Sockets open at once in one lane. The limit of open files must allow them. */
  sockets: number;
  lanes: readonly Flow[];
  parts: readonly string[];
  repetitions: number;
  /** The WebSocket subprotocol that the peers offer to turnwire. */
  subprotocol?: string;
  /** Prepares the server and its peers. The returned function takes one sample of a part. */
  prepare(rig: Rig, lane: Flow): Promise<(part: string) => Promise<Sample>>;
  targets(measured: Measured): Target[];
}

/** Smaller numbers where the run has to be quick. */
export interface Scale {
  quick: boolean;
  /** Returns the first number in a quick run, otherwise the second. */
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

  /** The other lane's metric divided by this lane's. For a cost, it says how many times cheaper this lane is. */
  ratio(part: string, lane: string, other: string, metric: Metric = "cpuUs"): number {
    return medianRatio(this.values(part, lane, metric), this.values(part, other, metric));
  }
}

/** The target that a ratio is at least `bound`. Gives no row if there is nothing to compare with. */
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
