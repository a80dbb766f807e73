// The figures that the server is asked for: by /metrics, and by the surface `gateway`.

export interface GatewayCounts {
  sockets: number;
  watches: number;
  surfaces: number;
  /** Turn events taken in since the start. */
  events: number;
  logs: number;
  logBytes: number;
  largestLogBytes: number;
  /** What the process holds for sockets that have not taken it. */
  unsentBytes: number;
  largestUnsentBytes: number;
  /** Events that the slowest watch lacks. */
  largestLag: number;
  /** Long messages that wait to be carried out. */
  longMessages: number;
  /** How late the event loop is with what is to be written. Milliseconds. */
  latenessMs: number;
}
