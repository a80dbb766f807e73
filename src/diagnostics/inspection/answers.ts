// What /inspect answers: the types that the server writes and that the visualizer's page reads.
import type { AnyMachineSnapshot } from "xstate";
import type { TurnProgress } from "../../ports/conversations.ts";
import type { ActorNames } from "./actor.ts";

export type Payloads = "hidden" | "full";

/** GET /inspect/overview. */
export interface Overview {
  /** Milliseconds since the epoch. */
  at: number;
  startedAt: number;
  payloads: Payloads;
  counts: Record<string, number | boolean>;
  charts: ChartCount[];
}

export interface ChartCount {
  chart: string;
  count: number;
  /** How many actors are in each innermost state. */
  states: Record<string, number>;
}

/** GET /inspect/actors. */
export interface ActorsFound {
  total: number;
  /** As many as were asked for. */
  actors: ActorSummary[];
}

export interface ActorSummary {
  /** XState's own id, such as `x:12`. */
  id: string;
  chart: string;
  names: ActorNames;
  /** Ids of the innermost active states. */
  states: string[];
  /** Milliseconds since the epoch. */
  bornAt: number;
  parentId: string | undefined;
}

/** GET /inspect/actors/:id. */
export interface ActorDetail extends ActorSummary {
  status: AnyMachineSnapshot["status"];
  parent: ActorSummary | undefined;
  /** The oldest of them, at most limits.inspectedActorsMax. */
  children: ActorSummary[];
  childrenTotal: number;
  waitsFor: Expectation[];
  flow: Flow | undefined;
  cursor: CursorPlace | undefined;
  /** Of a turn, and of a conversation in which anything goes on. */
  turn: TurnProgress | undefined;
}

/** What the data plane knows of a socket. */
export interface Flow {
  /** Bytes that the process holds for it. */
  unsentBytes: number;
  /** Bytes that are not acknowledged yet: see src/egress/socket-writer.ts. */
  outstandingBytes: number;
  /** Above it the socket is congested. */
  outstandingBytesMax: number;
  congested: boolean;
  closeCode: number | undefined;
  /** Since its last sign of life. */
  heardMsAgo: number;
}

/** Where a watch's cursor stands in the log of its conversation. */
export interface CursorPlace {
  seq: number;
  /** The newest event's. */
  head: number;
  /** Events that it lacks. */
  lag: number;
  live: boolean;
}

export interface Expectation {
  state: string;
  description: string;
  /** The events that this state reacts to by itself. */
  events: string[];
  deadlines: Deadline[];
}

export interface Deadline {
  /** What happens then, in words. */
  what: string;
  inMs: number;
}

/** A line of GET /inspect/actors/:id/stream. Times are milliseconds since the epoch. */
export type InspectionLine =
  /** First, with the server's start: another run gives the same ids to other actors. */
  | { type: "actor.shown"; at: number; startedAt: number; actor: ActorSummary }
  | { type: "actor.started"; at: number; states: string[] }
  | {
      type: "actor.moved";
      at: number;
      event: string;
      /** The actor that sent it, when an actor did. */
      from: string | undefined;
      handled: boolean;
      transitions: string[];
      states: string[];
      /** Only where payloads are shown. */
      payload?: unknown;
    }
  | { type: "actor.ended"; at: number; states: string[]; how: "done" | "stopped" | "error"; event: string | undefined }
  /** The stream is alive. */
  | { type: "still.here"; at: number };
