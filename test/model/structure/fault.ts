// What the structure checker finds: a value that says what is wrong, where, and what to do about it.

export type FaultKind =
  // what the walk finds
  | "unreachable-state"
  | "dead-end"
  | "no-way-to-the-end"
  | "dead-transition"
  | "one-sided-guard"
  | "endless"
  | "throws"
  // faults in the handling and listing of events
  | "unlisted-event"
  | "listed-and-taken"
  | "listed-twice"
  | "listed-unknown"
  | "empty-transition"
  | "wildcard"
  | "unheard-event"
  // missing edges for ends, failures and delays
  | "missing-failure-edge"
  | "missing-done-edge"
  | "delay-without-end";

export interface Fault {
  kind: FaultKind;
  /** A StateNode's id. */
  state: string;
  event?: string;
  /** What is wrong and what to do about it. */
  sentence: string;
}
