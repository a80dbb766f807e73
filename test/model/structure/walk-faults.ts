// Faults that a walk with open guards finds in a chart: unreachable states, dead ends, and transitions and guards
// without effect. Each cause is reported once; its consequences are left out.
import type { AnyStateMachine, AnyTransitionDefinition } from "xstate";
import { transitionKey } from "../../../src/diagnostics/inspection/transition-key.ts";
import { ancestorsOf, isEnd, type StateNode, statesOf } from "./chart.ts";
import type { Fault } from "./fault.ts";
import { type Configuration, type Mishap, type Walked, walk } from "./walk.ts";

export interface WalkFaults {
  faults: Fault[];
  configurations: number;
}

export function walkFaults(machine: AnyStateMachine): WalkFaults {
  const walked = walk(machine);
  const states = statesOf(machine);
  const deadEnds = deadEndsOf(states, walked);
  return {
    configurations: walked.configurations.size,
    faults: [
      ...walked.mishaps.map(faultOf),
      ...unreachable(states, walked),
      ...deadEnds.map(deadEndFault),
      ...traps(machine, walked, new Set(deadEnds.map(({ id }) => id))),
      ...states.flatMap((state) => idleTransitions(state, walked)),
    ],
  };
}

const sentences = {
  endless: "never comes to rest: break the circle of its eventless transitions, or guard it",
  throws: "throws: give the transition what it asks for",
  "ends-in-error": "may find nobody who takes it, and then ends this actor: give its last branch no guard",
} as const;

function faultOf({ kind, state, event, message }: Mishap): Fault {
  const sentence = `${event} in ${state} ${sentences[kind]} (${message.replace(/\.$/, "")}).`;
  return { kind: kind === "ends-in-error" ? "missing-failure-edge" : kind, state, event, sentence };
}

const isReached = (state: StateNode, { reached }: Walked): boolean => reached.has(state.id);

/** Reports an unreachable state, but not its descendants. */
const unreachable = (states: readonly StateNode[], walked: Walked): Fault[] =>
  states
    .filter((state) => !isReached(state, walked) && (!state.parent || isReached(state.parent, walked)))
    .map(({ id }) => ({
      kind: "unreachable-state",
      state: id,
      sentence: `Nothing leads to ${id}: give it a transition that does, or take it out.`,
    }));

/** States without children that stay active for ever once they are entered, although the machine has not ended. */
function deadEndsOf(states: readonly StateNode[], { configurations }: Walked): StateNode[] {
  const all = [...configurations.values()];
  return states.filter((state) => {
    const holding = all.filter(({ leaves }) => leaves.includes(state.id));
    if (isEnd(state) || holding.length === 0) return false;
    return !holding.some(({ snapshot, next }) => {
      const leadsOut = (key: string): boolean => !configurations.get(key)?.leaves.includes(state.id);
      return snapshot.status === "done" || [...next].some(leadsOut);
    });
  });
}

const deadEndFault = ({ id }: StateNode): Fault => ({
  kind: "dead-end",
  state: id,
  sentence: `${id} is never left and is not the end: give it a way out, or make it final.`,
});

/** Configurations, other than dead ends, from which a machine that has an end cannot reach it. */
function traps(machine: AnyStateMachine, walked: Walked, deadEnds: ReadonlySet<string>): Fault[] {
  const all = [...walked.configurations.values()];
  if (!all.some(({ snapshot }) => snapshot.status === "done")) return [];
  const isOver = ({ snapshot, leaves }: Configuration): boolean =>
    snapshot.status !== "active" || leaves.some((leaf) => deadEnds.has(leaf));
  const ending = new Set(all.filter(isOver).map(({ key }) => key));
  for (let before = -1; before < ending.size; ) {
    before = ending.size;
    for (const { key, next } of all) if ([...next].some((to) => ending.has(to))) ending.add(key);
  }
  const trapped = all.filter(({ key }) => !ending.has(key));
  const [first] = trapped;
  if (!first) return [];
  const where = trapped.map(({ leaves }) => leaves.join(" + ")).join(", ");
  const sentence = `${machine.id} has an end and cannot come to it from: ${where}. Give one of them a way out.`;
  return [{ kind: "no-way-to-the-end", state: first.leaves.join(" + "), sentence }];
}

function idleTransitions(state: StateNode, walked: Walked): Fault[] {
  if (!isReached(state, walked)) return [];
  const all: AnyTransitionDefinition[] = [...state.transitions.values(), state.always ?? []].flat();
  return all.flatMap((transition): Fault[] => {
    const key = transitionKey(transition);
    const event = transition.eventType || "always";
    const answers = walked.answers.get(key);
    if (answers?.size === 1) {
      const [answer] = answers;
      const remedy = answer ? "it is no condition, take it out" : "nothing comes of it, take the transition out";
      const sentence = `The guard of "${key}" is ${answer} whenever it is asked: ${remedy}.`;
      return [{ kind: "one-sided-guard", state: state.id, event, sentence }];
    }
    // A wildcard is a fault of its own.
    if (walked.taken.has(key) || event.endsWith("*")) return [];
    const sentence = `"${key}" is never taken: ${shadowOf(transition)}.`;
    return [{ kind: "dead-transition", state: state.id, event, sentence }];
  });
}

function shadowOf({ source, eventType }: AnyTransitionDefinition): string {
  const branches: AnyTransitionDefinition[] =
    (eventType === "" ? source.always : source.transitions.get(eventType)) ?? [];
  const isShadowed = branches.slice(0, -1).some(({ guard }) => guard === undefined);
  if (isShadowed) return "a branch before it has no guard; put that last, or take this one out";
  const inner = statesOf(source.machine).find(
    (other) => ancestorsOf(other).includes(source) && other.transitions.has(eventType),
  );
  if (inner) return `every state inside takes the event first, such as ${inner.id}; take it out`;
  return "the event never finds the chart in its state; take it out";
}
