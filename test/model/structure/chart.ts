// What the structure checker reads from a chart: its states, the events they take, and the lists in their meta.
import type { AnyStateMachine, AnyStateNode } from "xstate";

export type StateNode = AnyStateNode;

/** The root first, each state before its children. */
export function statesOf(machine: AnyStateMachine): StateNode[] {
  return within(machine.root);
}

/** The state and all its descendants. */
export const within = (state: StateNode): StateNode[] => [state, ...childrenOf(state).flatMap(within)];

/** Without history states, because a chart is never in one. */
export const childrenOf = (state: StateNode): StateNode[] =>
  Object.values(state.states).filter(({ type }) => type !== "history");

/** From its parent to the root. */
export const ancestorsOf = (state: StateNode): StateNode[] =>
  state.parent ? [state.parent, ...ancestorsOf(state.parent)] : [];

/** Whether a machine in this state has ended and takes no more events. */
export const isEnd = (state: StateNode): boolean => state.type === "final" && state.parent === state.machine.root;

/** Whether the state is left at once, whatever its guards answer, so that no event can arrive in it. */
export function isPassage(state: StateNode): boolean {
  const last = state.always?.at(-1);
  return last?.target !== undefined && last.guard === undefined;
}

/** Whether XState itself sends the event, and only while this state is active. */
function isItsOwn(eventType: string, state: StateNode): boolean {
  if (eventType.startsWith("xstate.after.") || eventType.startsWith("xstate.done.state.")) return true;
  return [state, ...ancestorsOf(state)].some(({ invoke }) =>
    invoke.some(({ id }) => /^xstate\.(done|error|snapshot)\./.test(eventType) && eventType.endsWith(`.${id}`)),
  );
}

/** Event types that the state has transitions for, without those that can arrive in no other state. */
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

/**
 * Actors that only speak for what is outside. They neither end by themselves nor fail: that their host's code failed is
 * an event of theirs. A defect of theirs fails the actor that invokes them, so that its own parent hears of it.
 */
export const speakers = new Set(["provider", "agent", "store"]);
