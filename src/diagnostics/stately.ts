// Tells the Stately inspector what actors do, in the messages of @statelyai/inspect 0.7. An actor is introduced before
// anything else is said of it, and its parent before it. Without --inspect=full it tells types, states and ids alone.
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from "xstate";
import type { Limits } from "../limits.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import { isMachineSnapshot, parentOf } from "../runtime/xstate-internals.ts";
import { chartOf, type InspectionFilter, matches, namesOf } from "./inspection/actor.ts";
import type { Payloads, StatelyMessage } from "./inspection/answers.ts";
import { shown } from "./inspection/shown.ts";
import type { Inspection } from "./inspection.ts";

export interface StatelyParts {
  root: AnyActorRef;
  actors: ActorRegistry;
  inspection: Inspection;
  /** "full" also shows users' texts and the answers. */
  payloads: Payloads;
  clock: Clock;
  limits: Limits;
}

/** The version of @statelyai/inspect whose messages these are. */
const statelyVersion = "0.7.2";

/**
 * Tells of the gateway and of the actors that match: of limits.inspectedActorsMax of those that are alive, and of every
 * other one when it does something.
 * @param failed called when it cannot go on; the inspection logs why.
 * @returns ends it.
 */
export function tellStately(
  { root, actors, inspection, payloads, clock, limits }: StatelyParts,
  filter: InspectionFilter,
  tell: (message: StatelyMessage) => void,
  failed: () => void,
): () => void {
  const isFull = payloads === "full";
  const seen = (value: unknown): unknown => shown(value, limits.inspectedPayloadCharactersMax);
  const eventOf = (event: { type: string }) => ({ type: event.type, ...(isFull && { payload: seen(event) }) });
  const snapshotOf = (snapshot: AnyMachineSnapshot) => {
    const { status, value, tags, context, output, error } = snapshot;
    const states = { status, value, tags: [...tags] };
    if (!isFull) return { ...states, context: namesOf(snapshot) };
    return { ...states, context: seen(context), output: seen(output), error: seen(error) };
  };
  const definitions = new Map<string, string>();
  const introduced = new WeakSet<AnyActorRef>();

  const say = (actor: AnyActorRef, type: StatelyMessage["type"], fields: Record<string, unknown>): void => {
    const { sessionId } = actor;
    const createdAt = String(clock.wall());
    tell({ type, sessionId, rootId: root.sessionId, createdAt, id: null, _version: statelyVersion, ...fields });
  };
  const isShown = (actor: AnyActorRef, snapshot: AnyMachineSnapshot): boolean =>
    actor === root || matches(actor, snapshot, filter);
  /** The nearest ancestor that is shown, so that the tree stays connected when the filter leaves out a parent. */
  const shownParentOf = (actor: AnyActorRef): AnyActorRef | undefined => {
    const parent = parentOf(actor);
    return parent && !introduce(parent) ? shownParentOf(parent) : parent;
  };
  /** False for an actor that is not shown. */
  const introduce = (actor: AnyActorRef): boolean => {
    if (introduced.has(actor)) return true;
    const snapshot: unknown = actor.getSnapshot();
    if (!isMachineSnapshot(snapshot) || !isShown(actor, snapshot)) return false;
    introduced.add(actor);
    const parentId = shownParentOf(actor)?.sessionId;
    const name = chartOf(snapshot);
    const definition = definitions.get(name) ?? definitionOf(snapshot);
    definitions.set(name, definition);
    say(actor, "@xstate.actor", { name, parentId, definition, snapshot: snapshotOf(snapshot) });
    return true;
  };
  const observe = (raw: InspectionEvent): void => {
    if (raw.type !== "@xstate.event" && raw.type !== "@xstate.snapshot") return;
    const actor = raw.actorRef as AnyActorRef;
    const isKnown = introduced.has(actor);
    const snapshot: unknown = raw.type === "@xstate.snapshot" ? raw.snapshot : actor.getSnapshot();
    if (!isMachineSnapshot(snapshot) || !isShown(actor, snapshot)) return;
    // An event after the actor's end changes nothing.
    if (!isKnown && snapshot.status !== "active" && raw.event.type !== "xstate.init") return;
    introduce(actor);
    const event = eventOf(raw.event);
    if (raw.type === "@xstate.snapshot") {
      say(actor, "@xstate.snapshot", { event, snapshot: snapshotOf(snapshot) });
      return;
    }
    const sender = raw.sourceRef as AnyActorRef | undefined;
    // XState 5.33 makes no inspection event of an actor that throws. Its error event to the parent reveals it.
    const last: unknown = sender?.getSnapshot();
    if (sender && introduced.has(sender) && isMachineSnapshot(last) && last.status === "error")
      say(sender, "@xstate.snapshot", { event, snapshot: snapshotOf(last) });
    say(actor, "@xstate.event", { event, sourceId: sender?.sessionId });
  };

  introduce(root);
  let left = limits.inspectedActorsMax;
  for (const kind of actors.kinds())
    for (const actor of actors.alive(kind).keys()) {
      if (left === 0) break;
      if (introduce(actor)) left--;
    }
  return inspection.inspectRaw((raw) => {
    try {
      observe(raw);
    } catch (error) {
      failed();
      throw error;
    }
  });
}

/** The chart's config as JSON, with functions by their names. */
const definitionOf = ({ machine }: AnyMachineSnapshot): string =>
  JSON.stringify(machine.config, (_name, value: unknown) =>
    typeof value === "function" ? { type: value.name } : value,
  );
