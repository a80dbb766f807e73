// The measurements of one repetition of a workload on one server. All are plain numbers, so that JSON preserves them.

export interface Sample {
  /** The amount of work, in the workload's unit: deliveries, sockets, requests, turns. */
  units: number;
  seconds: number;
  ratePerSecond: number;
  /** CPU of the server per unit, in microseconds. */
  cpuUs: number;
  /** Memory of the server after the work. */
  rssMiB: number;
  /** CPU of the load generator, and of the server, as shares of one core. */
  generatorShare: number;
  serverShare: number;
  p50Ms?: number;
  p99Ms?: number;
  p999Ms?: number;
  /** Socket reads of the peers per delivery. Below 1 if one write carried several deliveries. */
  readsPerUnit?: number;
  /** RSS per socket, in kilobytes. */
  rssPerSocketKb?: number;
  /** The largest p99 of a socket, as a multiple of the median socket's. */
  p99Spread?: number;
  /** Events that the sockets missed, and events that they received twice. */
  missed?: number;
  twice?: number;
  /** Latency of the slowest socket. */
  maxMs?: number;
}

export type Metric = keyof Sample;
