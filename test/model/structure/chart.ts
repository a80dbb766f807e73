// What the structure checker asks of a chart: its states, the events they take, and the lists in their meta.
import type { AnyStateMachine, AnyStateNode } from "xstate";

export type StateNode = AnyStateNode;

/** The root first, each state before its children. */
export function statesOf(machine: AnyStateMachine): StateNode[] {
  return within(machine.root);
}

/** The state with all that is in it. */
export const within = (state: StateNode): StateNode[] => [state, ...childrenOf(state).flatMap(within)];

/** Without history, which is no state that a chart can be in. */
export const childrenOf = (state: StateNode): StateNode[] =>
  Object.values(state.states).filter(({ type }) => type !== "history");

/** From its parent to the root. */
export const ancestorsOf = (state: StateNode): StateNode[] =>
  state.parent ? [state.parent, ...ancestorsOf(state.parent)] : [];

/** The machine has ended in it, and hears nothing. */
export const isEnd = (state: StateNode): boolean => state.type === "final" && state.parent === state.machine.root;

/** It is left at once, whatever its guards say: no event can find the chart in it. */
export function isPassage(state: StateNode): boolean {
  const last = state.always?.at(-1);
  return last?.target !== undefined && last.guard === undefined;
}

/** Sent by XState itself while this state is active, and by nobody when it is not. */
function isItsOwn(eventType: string, state: StateNode): boolean {
  if (eventType.startsWith("xstate.after.") || eventType.startsWith("xstate.done.state.")) return true;
  return [state, ...ancestorsOf(state)].some(({ invoke }) =>
    invoke.some(({ id }) => /^xstate\.(done|error|snapshot)\./.test(eventType) && eventType.endsWith(`.${id}`)),
  );
}

/** Event types that the state has transitions for, without those that can find the chart in no other state. */
export const takenBy = (state: StateNode): string[] =>
  [...state.transitions.keys()].filter((eventType) => !isItsOwn(eventType, state));

export interface Lists {
  ignores: string[];
  neverGets: string[];
}

export function listsOf(state: StateNode): Lists {
  const read = (name: keyof Lists): string[] => {
    const list: unknown = state.meta?.[name];
    return Array.isArray(list) ? list.map(String) : [];
  };
  return { ignores: read("ignores"), neverGets: read("neverGets") };
}

export function listedBy(state: StateNode): string[] {
  const { ignores, neverGets } = listsOf(state);
  return [...ignores, ...neverGets];
}
