// Checks that every event that may arrive is handled or deliberately ignored. The rule goes down the tree, so that
// lists stay short. If one child of a state knows an event (takes or lists it), every other child or one of its
// descendants must know it too, unless the state or an ancestor does. Each region of a parallel state is checked alone.
import { type AnyStateMachine, getStateNodes, type StateValue } from "xstate";
import {
  ancestorsOf,
  childrenOf,
  isEnd,
  isPassage,
  listedBy,
  listsOf,
  type StateNode,
  speakers,
  statesOf,
  takenBy,
  within,
} from "./chart.ts";
import type { Fault } from "./fault.ts";

const canHear = (state: StateNode): boolean => state.type !== "final" && !isPassage(state);
const known = (states: readonly StateNode[]): Set<string> =>
  new Set(states.filter(canHear).flatMap((state) => [...takenBy(state), ...listedBy(state)]));
const isWildcard = (eventType: string): boolean => eventType === "*" || eventType.endsWith(".*");

/** @param declared every type of the machine's event union, if that is known. */
export function listFaults(machine: AnyStateMachine, declared: readonly string[] = []): Fault[] {
  const states = statesOf(machine);
  const taken = new Set(states.flatMap(takenBy));
  return [
    ...states.flatMap(wildcards),
    ...states.flatMap((state) => unlisted(state, taken)),
    ...states.flatMap((state) => wronglyListed(state, taken)),
    ...states.flatMap(emptyTransitions),
    ...unheard(machine, declared, new Set([...taken, ...states.flatMap(listedBy)])),
  ];
}

const wildcards = (state: StateNode): Fault[] =>
  takenBy(state)
    .filter(isWildcard)
    .map((event) => ({
      kind: "wildcard",
      state: state.id,
      event,
      sentence: `${state.id} takes "${event}", and so everything, meant or not: name the events it takes.`,
    }));

/** For each child, the events that its siblings know and it does not. */
function unlisted(parent: StateNode, takenSomewhere: ReadonlySet<string>): Fault[] {
  if (parent.type !== "compound") return [];
  const above = new Set([parent, ...ancestorsOf(parent)].flatMap((state) => [...takenBy(state), ...listedBy(state)]));
  const children = childrenOf(parent).filter(canHear);
  const demanded = [...known(children.flatMap(within))].filter(
    (event) => !isWildcard(event) && !above.has(event) && exists(event, takenSomewhere),
  );
  return children.flatMap((child) => {
    const own = known(within(child));
    const missing = demanded.filter((event) => !own.has(event));
    return missing.map((event): Fault => {
      const knows = children.find((sibling) => known(within(sibling)).has(event));
      const sentence =
        `${child.id} neither takes nor lists ${event}, which ${knows?.id ?? parent.id} knows: give it a transition, ` +
        "or name it in its meta, under ignores (may come, nothing to do) or neverGets (cannot come).";
      return { kind: "unlisted-event", state: child.id, event, sentence };
    });
  });
}

function wronglyListed(state: StateNode, takenSomewhere: ReadonlySet<string>): Fault[] {
  const around = ancestorsOf(state);
  const fault = (kind: Fault["kind"], event: string, sentence: string): Fault => ({
    kind,
    state: state.id,
    event,
    sentence,
  });
  const listed = listedBy(state);
  return listed.flatMap((event, index) => {
    if (listed.indexOf(event) < index) return [fault("listed-twice", event, `${state.id} lists ${event} twice.`)];
    const outer = around.find((ancestor) => listedBy(ancestor).includes(event));
    if (outer) {
      const sentence = `${state.id} lists ${event}, and so does ${outer.id} around it: once is enough.`;
      return [fault("listed-twice", event, sentence)];
    }
    const taker = [...within(state), ...around].find((other) => takenBy(other).includes(event));
    if (taker) {
      const where = taker === state ? "takes it as well" : `${taker.id} takes it`;
      const sentence = `${state.id} lists ${event} as let pass, and ${where}: take the name off the list.`;
      return [fault("listed-and-taken", event, sentence)];
    }
    if (exists(event, takenSomewhere)) return [];
    const sentence = `${state.id} lists ${event}, which no state of this chart takes: misspelt, or out of date.`;
    return [fault("listed-unknown", event, sentence)];
  });
}

/** Whether some state takes the event, or the event is the end of a child whose failure some state takes. */
function exists(event: string, takenSomewhere: ReadonlySet<string>): boolean {
  const failure = event.replace(/^xstate\.done\.actor\./, "xstate.error.actor.");
  return takenSomewhere.has(event) || takenSomewhere.has(failure);
}

/** Finds `on: { event: {} }` where a list would do the same. */
function emptyTransitions(state: StateNode): Fault[] {
  return takenBy(state).flatMap((event) => {
    const branches = state.transitions.get(event) ?? [];
    const doesNothing = branches.every(({ target, actions, guard }) => !target && actions.length === 0 && !guard);
    const swallows = ancestorsOf(state).some((ancestor) => ancestor.transitions.has(event));
    if (!doesNothing || swallows || event.startsWith("xstate.error.actor.")) return [];
    const sentence = `${state.id} has an empty transition for ${event}, which nobody around it takes: list it instead.`;
    return [{ kind: "empty-transition", state: state.id, event, sentence }];
  });
}

/** Events that the type of the machine's events allows and that no state takes or lists. */
function unheard(machine: AnyStateMachine, declared: readonly string[], heardOf: ReadonlySet<string>): Fault[] {
  return declared
    .filter((event) => !heardOf.has(event))
    .map((event) => ({
      kind: "unheard-event",
      state: machine.id,
      event,
      sentence: `No state of ${machine.id} knows ${event}, which its type of events allows: take it or strike it out.`,
    }));
}

export type Expectation = "handled" | "ignored" | "never" | "unlisted";

/** Events that XState itself sends to every actor. */
const ofXState: ReadonlySet<string> = new Set(["xstate.init", "xstate.stop"]);

/**
 * What the chart declares about an event that arrives in a state. "never" is the strictest: when one region lists the
 * event as impossible, it is unexpected, whatever another region does with it. For an actor that has ended, every event
 * is "ignored".
 */
export function isExpected(machine: AnyStateMachine, stateValue: StateValue, eventType: string): Expectation {
  const active = getStateNodes(machine.root, stateValue);
  if (active.some(isEnd)) return "ignored";
  const [, failed = ""] = /^xstate\.error\.actor\.(.+)$/.exec(eventType) ?? [];
  // It fails this actor too, and the one above hears of that.
  if (speakers.has(failed)) return "handled";
  const lists = active.map(listsOf);
  if (lists.some(({ neverGets }) => neverGets.includes(eventType))) return "never";
  if (ofXState.has(eventType) || active.some(({ transitions }) => transitions.has(eventType))) return "handled";
  if (lists.some(({ ignores }) => ignores.includes(eventType))) return "ignored";
  return "unlisted";
}
