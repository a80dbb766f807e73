// The figures behind /metrics and the surface `gateway`.

export interface GatewayCounts {
  sockets: number;
  watches: number;
  surfaces: number;
  /** Turn events received since the start. */
  events: number;
  logs: number;
  logBytes: number;
  largestLogBytes: number;
  /** Bytes that the process holds for sockets and has not sent yet. */
  unsentBytes: number;
  largestUnsentBytes: number;
  /** Events that the slowest watch is behind. */
  largestLag: number;
  /** Long messages that wait to be processed. */
  longMessages: number;
  /** How late the event loop runs due flushes. Milliseconds. */
  latenessMs: number;
}
