// What the server's thread tells the thread of the Stately inspector, and what comes back: plain data only. Must never
// hold an actor, or anything else of the running server.
import type { StateValue } from "xstate";

export interface ToldEvent {
  type: string;
  [field: string]: unknown;
}

export interface ToldSnapshot {
  status: "active" | "done" | "error" | "stopped";
  value: StateValue;
  context: unknown;
  tags: string[];
  output?: unknown;
  error?: unknown;
}

interface Told {
  /** Milliseconds since the epoch. */
  at: number;
  /** XState's own id, such as `x:12`. */
  actorId: string;
}

/** An actor as it is now: the first that is told of it, and again for pages that came later. */
export interface ToldActor extends Told {
  kind: "actor";
  /** The nearest of its ancestors that is told as well; undefined for the gateway. */
  parentId: string | undefined;
  chart: string;
  snapshot: ToldSnapshot;
}

export type StatelyRecord =
  /** Comes before the first actor of the chart. The definition is the config of the machine, as JSON can hold it. */
  | { kind: "chart"; chart: string; definition: unknown }
  | ToldActor
  | (Told & { kind: "event"; senderId: string | undefined; event: ToldEvent })
  | (Told & { kind: "snapshot"; event: ToldEvent; snapshot: ToldSnapshot });

/** Given to the thread when it starts. */
export interface RelayOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Actor id of the gateway. */
  rootId: string;
  viewerBytesMax: number;
}

export type ToRelay = { kind: "records"; records: StatelyRecord[] } | { kind: "stop" };

export type FromRelay =
  /** The relay listens. */
  | { kind: "open"; port: number }
  /** It cannot; the message is for a person. The thread ends. */
  | { kind: "failed"; message: string }
  /** So many records are on their way to the pages. */
  | { kind: "taken"; records: number }
  /** A page has opened its WebSocket, and has got what the relay remembers. */
  | { kind: "viewer" }
  /** Something went wrong that the relay survived. */
  | { kind: "trouble"; message: string };
