// Checks that a chart can go on when something that it waits for fails. Covers what the chart alone decides: delays,
// and actors that it invokes or whose end it handles. The walk checks that a delay or a retry leads out of its loop.
import type { AnyStateMachine, AnyTransitionDefinition } from "xstate";
import { ancestorsOf, listsOf, type StateNode, speakers, statesOf } from "./chart.ts";
import type { Fault } from "./fault.ts";

export function failureEdgeFaults(machine: AnyStateMachine): Fault[] {
  const states = statesOf(machine);
  return [
    ...states.flatMap(invokedWithoutEdges),
    ...heardWithoutErrors(states),
    ...states.flatMap(errorsOnlyListed),
    ...states.flatMap(endlessDelays),
  ];
}

/** The branches that handle the event while the state is active: its own and those of its ancestors. */
const branchesFor = (state: StateNode, eventType: string): AnyTransitionDefinition[] =>
  [state, ...ancestorsOf(state)].flatMap((node): AnyTransitionDefinition[] => node.transitions.get(eventType) ?? []);

const leadsOnInAnyCase = (branches: readonly AnyTransitionDefinition[]): boolean =>
  branches.every(({ target }) => target !== undefined) && branches.some(({ guard }) => guard === undefined);

function invokedWithoutEdges(state: StateNode): Fault[] {
  return state.invoke.flatMap(({ id, src }) => {
    if (typeof src === "string" && speakers.has(src)) return [];
    const ends = [
      { kind: "missing-done-edge", event: `xstate.done.actor.${id}`, hook: "onDone", what: "ends" },
      { kind: "missing-failure-edge", event: `xstate.error.actor.${id}`, hook: "onError", what: "fails" },
    ] as const;
    return ends
      .filter(({ event }) => !leadsOnInAnyCase(branchesFor(state, event)))
      .map(({ kind, event, hook, what }): Fault => {
        const sentence =
          `${state.id} invokes ${id} and is not left in every case when that ${what} (${event}): ` +
          `give every branch of ${hook} a target, and the last one no guard.`;
        return { kind, state: state.id, event, sentence };
      });
  });
}

/** Actors adopted outside the chart: a chart that handles their end must also handle their failure. */
function heardWithoutErrors(states: readonly StateNode[]): Fault[] {
  const prefix = "xstate.done.actor.";
  const hears = (event: string): boolean => states.some(({ transitions }) => transitions.has(event));
  return states.flatMap((state) =>
    [...state.transitions.keys()]
      .filter((event) => event.startsWith(prefix) && !state.invoke.some(({ id }) => event === `${prefix}${id}`))
      .map((event) => event.slice(prefix.length))
      .filter((actor) => !hears(`xstate.error.actor.${actor}`))
      .map((actor): Fault => {
        const event = `xstate.error.actor.${actor}`;
        const sentence = `${state.id} hears that ${actor} has ended, and nobody that it failed: take ${event} too.`;
        return { kind: "missing-failure-edge", state: state.id, event, sentence };
      }),
  );
}

function errorsOnlyListed(state: StateNode): Fault[] {
  return listsOf(state)
    .ignores.filter((event) => event.startsWith("xstate.error.actor."))
    .map((event) => {
      const sentence =
        `${state.id} only lists ${event} as ignored: an error that nobody hears ends this actor too. ` +
        "Hear it, with an empty transition.";
      return { kind: "missing-failure-edge", state: state.id, event, sentence };
    });
}

/** A delay fires once each time its state is entered: if it does not leave the state then, it never does. */
function endlessDelays(state: StateNode): Fault[] {
  return [...state.transitions]
    .filter(([event, branches]) => event.startsWith("xstate.after.") && !leadsOnInAnyCase(branches))
    .map(([event]) => {
      const sentence =
        `${state.id} may stay as it is when its time (${event}) is over: give every branch a target, ` +
        "and the last one no guard.";
      return { kind: "delay-without-end", state: state.id, event, sentence };
    });
}
