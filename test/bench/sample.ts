// What one repetition of a workload measured on one server. All plain numbers: it goes through JSON as it is.

export interface Sample {
  /** What was done, in the workload's unit: deliveries, sockets, requests, turns. */
  units: number;
  seconds: number;
  ratePerSecond: number;
  /** CPU of the server a unit, microseconds. */
  cpuUs: number;
  /** Memory of the server afterwards. */
  rssMiB: number;
  /** CPU of the load generator, and of the server, as shares of one core. */
  generatorShare: number;
  serverShare: number;
  p50Ms?: number;
  p99Ms?: number;
  p999Ms?: number;
  /** Reads of the peers a delivery: below 1 when several came in one write. */
  readsPerUnit?: number;
  /** RSS of a socket, kilobytes. */
  rssPerSocketKb?: number;
  /** The largest p99 of a socket, as a multiple of the median socket's. */
  p99Spread?: number;
  /** Events that a socket missed, and that it got twice. */
  missed?: number;
  twice?: number;
  /** The slowest socket's. */
  maxMs?: number;
}

export type Metric = keyof Sample;
