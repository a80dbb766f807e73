// What an actor waits for: the description of each active state, the events it reacts to, and its deadlines.
import type { AnyActorRef, AnyMachineSnapshot, AnyStateNode } from "xstate";
import type { Clock } from "../../runtime/clock.ts";
import { activeNodesOf, scheduledEventsIn } from "../../runtime/xstate-internals.ts";
import { isInnermost } from "./actor.ts";
import type { Deadline, Expectation } from "./answers.ts";

/** Innermost states first. `outside` are deadlines that are not timers of the actor. */
export function expectationsOf(
  actor: AnyActorRef,
  snapshot: AnyMachineSnapshot,
  outside: Deadline[],
  clock: Clock,
): Expectation[] {
  const delayed = delayedOf(actor, clock);
  const depth = (node: AnyStateNode): number => (isInnermost(node) ? Number.POSITIVE_INFINITY : node.path.length);
  const nodes = [...activeNodesOf(snapshot)].sort((one, other) =>
    depth(one) === depth(other) ? one.order - other.order : depth(other) - depth(one),
  );
  return nodes.map((node, index) => ({
    state: node.id,
    description: node.description ?? "",
    events: [...node.transitions.keys()].filter((type) => !type.startsWith("xstate.")),
    deadlines: [
      ...(index === 0 ? outside : []),
      ...(node.after ?? []).flatMap(({ eventType, delay, target }) => {
        const inMs = delayed.get(eventType);
        const leadsTo = target?.[0]?.id ?? "the same state";
        return inMs === undefined ? [] : [{ what: `${String(delay)} is over: ${leadsTo}`, inMs }];
      }),
    ],
  }));
}

/** The actor's own timers: event type → milliseconds until it is sent. */
function delayedOf(actor: AnyActorRef, clock: Clock): Map<string, number> {
  const found = new Map<string, number>();
  for (const one of scheduledEventsIn(actor)) {
    if (one.source.sessionId !== actor.sessionId) continue;
    found.set(one.event.type, Math.max(0, Math.round(one.startedAt + one.delay - clock.wall())));
  }
  return found;
}
