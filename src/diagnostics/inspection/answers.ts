// The responses of /inspect, as types shared by the server and the visualizer's page.
import type { AnyMachineSnapshot } from "xstate";
import type { TurnProgress } from "../../ports/conversations.ts";
import type { ActorNames } from "./actor.ts";
import type { ActorEnded, ActorMoved, ActorStarted } from "./changes.ts";
import type { RecordedActor } from "./recording.ts";

export type Payloads = "hidden" | "full";

/** GET /inspect/overview. */
export interface Overview {
  /** Milliseconds since the epoch. */
  at: number;
  startedAt: number;
  payloads: Payloads;
  counts: Record<string, number | boolean>;
  /** Undefined when nothing is recorded. */
  records: { kept: number; total: number } | undefined;
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
  /** At most the requested limit. */
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
  /** The oldest first, at most limits.inspectedActorsMax. */
  children: ActorSummary[];
  childrenTotal: number;
  waitsFor: Expectation[];
  flow: Flow | undefined;
  cursor: CursorPlace | undefined;
  /** For a turn, and for a conversation that is doing something. */
  turn: TurnProgress | undefined;
}

/** GET /inspect/records. GET /inspect/records/:id is a Recording (recording.ts). */
export interface RecordsFound {
  /** How many have been filed since the start; at most limits.recordsMax of them are kept. */
  total: number;
  /** The newest first. */
  records: RecordSummary[];
}

/** An actor that has ended badly. Times are milliseconds since the epoch. */
export interface RecordSummary {
  id: string;
  actor: RecordedActor;
  bornAt: number;
  endedAt: number;
  how: "done" | "stopped" | "error";
  /** The state that tells what went wrong; undefined when the actor threw before it came to one. */
  state: string | undefined;
  /** In a sentence. */
  why: string;
}

/** The data plane's figures for a socket. */
export interface Flow {
  /** Bytes that the process holds for it. */
  unsentBytes: number;
  /** Bytes sent and not acknowledged yet: see src/egress/socket-writer.ts. */
  outstandingBytes: number;
  /** Above it the socket is congested. */
  outstandingBytesMax: number;
  congested: boolean;
  closeCode: number | undefined;
  /** Milliseconds since the last data from the peer. */
  heardMsAgo: number;
}

/** The position of a watch's cursor in the log of its conversation. */
export interface CursorPlace {
  seq: number;
  /** The newest event's seq. */
  head: number;
  /** Events that it is behind. */
  lag: number;
  live: boolean;
}

export interface Expectation {
  state: string;
  description: string;
  /** The events for which this state has transitions. */
  events: string[];
  deadlines: Deadline[];
}

export interface Deadline {
  /** What will happen, in words. */
  what: string;
  inMs: number;
}

export type StartedLine = Pick<ActorStarted, "type" | "at" | "states" | "actions">;
export type EndedLine = Pick<ActorEnded, "type" | "at" | "states" | "how" | "event">;
/** The payload only where payloads are shown. */
export type MovedLine = Omit<ActorMoved, "order" | "actorId" | "chart" | "names" | "payload"> & { payload?: unknown };

/** A line of GET /inspect/actors/:id/stream. Times are milliseconds since the epoch. */
export type InspectionLine =
  /** The first line. It has the server's start time because another run reuses the ids. */
  | { type: "actor.shown"; at: number; startedAt: number; actor: ActorSummary }
  | StartedLine
  | MovedLine
  | EndedLine
  /** Heartbeat. */
  | { type: "still.here"; at: number };

/** A line of GET /inspect/stream, about one conversation's actors. Each is shown before anything else is said of it. */
export type ConversationLine =
  /** The first line. */
  | { type: "conversation.shown"; at: number; startedAt: number; conversationId: string }
  | { type: "actor.shown"; at: number; actor: ActorSummary }
  | ((StartedLine | MovedLine | EndedLine) & InConversation)
  /** More actors than limits.inspectedActorsMax belong to it; those beyond are left out. Told once. */
  | { type: "actors.omitted"; at: number }
  /** Heartbeat. */
  | { type: "still.here"; at: number };

export interface InConversation {
  actorId: string;
  /** Sorts a burst by cause: see ActorSnapshot. */
  order: number;
}

/** A line of GET /inspect/stately/stream: a message that the page of https://stately.ai/inspect takes. */
export interface StatelyMessage {
  type: "@xstate.actor" | "@xstate.event" | "@xstate.snapshot";
  /** XState's own id of the actor. */
  sessionId: string;
  rootId: string;
  /** Milliseconds since the epoch. */
  createdAt: string;
  [field: string]: unknown;
}
