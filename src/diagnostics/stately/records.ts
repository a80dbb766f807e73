// The messages between the server's thread and the Stately inspector's thread: plain data only. Must never hold an
// actor or any other live object of the server.
import type { StateValue } from "xstate";

export interface DisclosedEvent {
  type: string;
  [field: string]: unknown;
}

export interface DisclosedSnapshot {
  status: "active" | "done" | "error" | "stopped";
  value: StateValue;
  context: unknown;
  tags: string[];
  output?: unknown;
  error?: unknown;
}

interface RecordHead {
  /** Milliseconds since the epoch. */
  at: number;
  /** XState's own id, such as `x:12`. */
  actorId: string;
}

/** An actor in its current state. The first record of an actor, and repeated for pages that came later. */
export interface ActorRecord extends RecordHead {
  kind: "actor";
  /** Its nearest ancestor that is shown; undefined for the gateway. */
  parentId: string | undefined;
  chart: string;
  snapshot: DisclosedSnapshot;
}

export type StatelyRecord =
  /** Comes before the first actor of the chart. The definition is the machine's config, as JSON. */
  | { kind: "chart"; chart: string; definition: unknown }
  | ActorRecord
  | (RecordHead & { kind: "event"; senderId: string | undefined; event: DisclosedEvent })
  | (RecordHead & { kind: "snapshot"; event: DisclosedEvent; snapshot: DisclosedSnapshot });

/** The thread's workerData. */
export interface RelayOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** The gateway's actor id. */
  rootId: string;
  viewerBytesMax: number;
}

export type ToRelay = { kind: "records"; records: StatelyRecord[] } | { kind: "stop" };

export type FromRelay =
  /** The relay listens. */
  | { kind: "open"; port: number }
  /** The relay failed. The message is for the operator. The thread ends. */
  | { kind: "failed"; message: string }
  /** That many records were passed to the relay. */
  | { kind: "taken"; records: number }
  /** A page has opened its WebSocket and got the relay's replay. */
  | { kind: "viewer" }
  /** An error that the relay survived. */
  | { kind: "trouble"; message: string };
