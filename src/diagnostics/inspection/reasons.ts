// What a chart did with an event and why: the actions that ran, and for an event that did nothing the guards that
// refused it and what the states declare about it. Names only: params and events have users' texts.
import type { AnyStateNode, InspectionEvent } from "xstate";

/** `ignores`: the chart expects the event there. `neverGets`: it must not arrive there (machines/meta.ts). */
export type Declared = "ignores" | "neverGets";

export interface Refusal {
  /** The guards that refused it. None: no active state has a transition for it. */
  refusedBy: string[];
  declared: Declared | undefined;
}

type ActionEvent = Extract<InspectionEvent, { type: "@xstate.action" }>;

/**
 * The action's name in the chart. XState reports its own actions under its own names; of those only a sent event is
 * told (`sendTo socket.drained`), because timers and children are seen by what comes of them.
 */
export function actionName({ action: { type, params } }: ActionEvent): string | undefined {
  if (!type.startsWith("xstate.")) return type;
  if (type !== "xstate.sendTo" || typeof params !== "object" || params === null) return undefined;
  const event: unknown = Reflect.get(params, "event");
  return `sendTo ${nameOf(event) ?? "an actor"}`;
}

/** Why no transition was taken. @param nodes all active states after the event, which has changed nothing. */
export function refusalOf(nodes: readonly AnyStateNode[], eventType: string): Refusal {
  const refusedBy: string[] = [];
  let declared: Declared | undefined;
  // Loops, because an observer is told this of every event that does nothing.
  for (const { transitions, meta } of nodes) {
    for (const { guard } of transitions.get(eventType) ?? []) {
      const name = nameOf(guard) ?? "a guard without a name";
      if (!refusedBy.includes(name)) refusedBy.push(name);
    }
    // The strictest wins, as in the structure checks: what one region must never get is not expected in another.
    if (lists(meta, "neverGets", eventType)) declared = "neverGets";
    else if (lists(meta, "ignores", eventType)) declared ??= "ignores";
  }
  return { refusedBy, declared };
}

function lists(meta: unknown, list: Declared, eventType: string): boolean {
  const events: unknown = typeof meta === "object" && meta !== null ? Reflect.get(meta, list) : undefined;
  return Array.isArray(events) && events.includes(eventType);
}

/** Of an event, an action or a guard. */
function nameOf(thing: unknown): string | undefined {
  if (typeof thing === "string") return thing;
  const type: unknown = typeof thing === "object" && thing !== null ? Reflect.get(thing, "type") : undefined;
  return typeof type === "string" ? type : undefined;
}
