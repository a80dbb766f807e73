// What an observer of running actors is told (RunningServer.inspect).
import type { ActorNames } from "./actor.ts";

export type { ActorNames, InspectionFilter } from "./actor.ts";

/** The fields of every change: which actor, when, and its states. */
export interface ActorSnapshot {
  /** Milliseconds since the epoch, with fractions that keep the order of a burst. */
  at: number;
  /** XState's own id of the actor, such as `x:12`; no two actors of a process share one. */
  actorId: string;
  chart: string;
  names: ActorNames;
  /** Ids of the innermost active states after the event, such as `connection.open.flow.congested`. */
  states: string[];
}

/** An actor has started. */
export interface ActorStarted extends ActorSnapshot {
  type: "actor.started";
  parentId: string | undefined;
}

/** An actor has received an event. */
export interface ActorMoved extends ActorSnapshot {
  type: "actor.moved";
  event: string;
  /** The id of the actor that sent it, if an actor did. */
  from: string | undefined;
  /** False when no active state has a transition for it. */
  handled: boolean;
  /** Keys of the transitions taken, in order (src/diagnostics/inspection/transition-key.ts). */
  transitions: string[];
  /** The event itself, with users' texts. It is the live object and must not be changed. */
  payload: unknown;
}

/** An actor has reached a final state, was stopped, or threw. */
export interface ActorEnded extends ActorSnapshot {
  type: "actor.ended";
  how: "done" | "stopped" | "error";
  /** The event that it was processing. */
  event: string | undefined;
}

export type ActorChange = ActorStarted | ActorMoved | ActorEnded;

export type InspectionObserver = (change: ActorChange) => void;
