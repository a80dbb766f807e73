// What an observer of running actors is told (RunningServer.inspect).
import type { ActorNames } from "./actor.ts";
import type { Declared } from "./reasons.ts";

export type { ActorNames, InspectionFilter } from "./actor.ts";
export type { Declared } from "./reasons.ts";

/** The fields of every change: which actor, when, and its states. */
export interface ActorSnapshot {
  /** Milliseconds since the epoch, with fractions that keep the order of a burst. */
  at: number;
  /**
   * The place of its event among all that were sent since the observer began. An actor's change is reported when it has
   * processed the event, so after the changes of those to which it sent something meanwhile: sort by this to have
   * causes first.
   */
  order: number;
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
  /** The names of the entry actions that ran, in order, each once. */
  actions: string[];
}

/** An actor has received an event. */
export interface ActorMoved extends ActorSnapshot {
  type: "actor.moved";
  event: string;
  /**
   * The id of the actor that sent it, if an actor did. `agent`, `provider` and `store` are actors without a
   * chart, which speak for what is outside.
   */
  from: string | undefined;
  /** False when no active state has a transition for it. */
  handled: boolean;
  /** Keys of the transitions taken, in order (src/diagnostics/inspection/transition-key.ts). */
  transitions: string[];
  /** The names of the actions that ran, in order, each once; `sendTo socket.drained` where XState sent an event. */
  actions: string[];
  /** For an event that was not handled: the guards that refused it. None: no active state has a transition for it. */
  refusedBy: string[];
  /**
   * For an event that was not handled: what the active states declare about it. `neverGets` is a surprise, and so is
   * undefined for an event of the chart.
   */
  declared: Declared | undefined;
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
