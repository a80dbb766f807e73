// Reads an actor's chart, names and states from its snapshot.
import type { AnyActorRef, AnyMachineSnapshot, AnyStateNode } from "xstate";
import { activeNodesOf, isMachineSnapshot } from "../../runtime/xstate-internals.ts";

/** The ids in an actor's context. A watch has two; a surface without a conversation has one. */
export interface ActorNames {
  connectionId?: string;
  conversationId?: string;
  surfaceId?: string;
}

/** Selects the actors that match every given field; an empty filter selects all. */
export interface InspectionFilter extends ActorNames {
  /** XState's own id of one actor, such as `x:12`. */
  actorId?: string;
  /** The id of a chart, such as `connection`. */
  chart?: string;
}

const names = ["connectionId", "conversationId", "surfaceId"] as const;

export const chartOf = (snapshot: AnyMachineSnapshot): string => snapshot.machine.id;

export const isInnermost = ({ type }: AnyStateNode): boolean => type === "atomic" || type === "final";

export function namesOf({ context }: AnyMachineSnapshot): ActorNames {
  const found: ActorNames = {};
  for (const name of names) {
    const value: unknown = context?.[name];
    if (typeof value === "string") found[name] = value;
  }
  return found;
}

/** How the sender of an event is told: by XState's own id; one that only speaks for what has no chart, by its name. */
export const senderOf = (actor: AnyActorRef): string =>
  isMachineSnapshot(actor.getSnapshot()) ? actor.sessionId : actor.id;

/** Ids of the innermost active states, one for each parallel region, in the chart's order. */
export const statesOf = (snapshot: AnyMachineSnapshot): string[] => statesIn(activeNodesOf(snapshot));

/** The same of the active states, outer ones included. */
export function statesIn(nodes: readonly AnyStateNode[]): string[] {
  const innermost = nodes.filter(isInnermost);
  return innermost.sort((one, other) => one.order - other.order).map(({ id }) => id);
}

/** @param snapshot the actor's, current or about to be. */
export function matches(actor: AnyActorRef, snapshot: unknown, filter: InspectionFilter): boolean {
  const { actorId, chart } = filter;
  if (actorId !== undefined && actor.sessionId !== actorId) return false;
  const isAny = chart === undefined && names.every((name) => filter[name] === undefined);
  if (isAny) return true;
  if (!isMachineSnapshot(snapshot) || (chart !== undefined && chartOf(snapshot) !== chart)) return false;
  return names.every((name) => filter[name] === undefined || snapshot.context?.[name] === filter[name]);
}
