// All that the server uses of XState's inside (5.33): what its types mark as private or do not declare. An update of
// XState is checked against this file.
import type { AnyActorRef, AnyMachineSnapshot, AnyStateNode, AnyTransitionDefinition, InspectionEvent } from "xstate";

/** Every active state of a chart, outer states included. */
export const activeNodesOf = (snapshot: AnyMachineSnapshot): readonly AnyStateNode[] => snapshot._nodes;

export const isMachineSnapshot = (snapshot: unknown): snapshot is AnyMachineSnapshot =>
  typeof snapshot === "object" && snapshot !== null && "machine" in snapshot && "_nodes" in snapshot;

/** The actor under which this one was created; there is no public way to it. */
export const parentOf = (actor: AnyActorRef & { _parent?: AnyActorRef }): AnyActorRef | undefined => actor._parent;

/** The transitions that a microstep took. */
export const transitionsOf = (
  event: Extract<InspectionEvent, { type: "@xstate.microstep" }>,
): readonly AnyTransitionDefinition[] => event._transitions;

export interface ScheduledEvent {
  source: AnyActorRef;
  event: { type: string };
  /** Of the system's clock, ms. */
  startedAt: number;
  /** Milliseconds. */
  delay: number;
}

/** The delayed events of the whole actor system; each call copies them. */
export const scheduledEventsIn = ({ system }: AnyActorRef): readonly ScheduledEvent[] =>
  Object.values(system.getSnapshot()._scheduledEvents);
