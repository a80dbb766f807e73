// Every mutant of a chart: the chart with one small fault, made from its definition. Each transition is deleted, each
// target is replaced by a sibling, each action is dropped, and each guard is negated, one at a time.
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, createMachine, not } from "xstate";
import { transitionKey } from "../../../src/diagnostics/inspection/transition-key.ts";
import { statesOf } from "../structure/chart.ts";
import { type Parts, partsOf } from "./parts.ts";

export type MutantKind = "deleted" | "retargeted" | "dropped" | "negated" | "hand-picked";

export interface Mutant {
  /** What is changed and how, in one line. */
  key: string;
  chart: string;
  kind: MutantKind;
  /** The transition's key; of an entry or exit action, the state's id. */
  place: string;
  /** The faulty machine. */
  machine: AnyStateMachine;
  /**
   * Whether a run of the sound charts comes to the place.
   * @param touched the ids of states and the keys of transitions that it comes to.
   */
  isTouchedBy(touched: ReadonlySet<string>): boolean;
}

interface Fault {
  kind: MutantKind;
  place: string;
  /** How the place is changed. */
  words: string;
  change(parts: Parts): void;
}

export function mutantOf(machine: AnyStateMachine, { kind, place, words, change }: Fault): Mutant {
  const parts = partsOf(machine);
  change(parts);
  const bare: AnyStateMachine = createMachine(parts.config);
  const [state = ""] = place.split(" ");
  // A guard is asked before its transition is taken, and the entry of a state has no key.
  const isOfState = kind === "negated" || !/ \d+$/.test(place);
  return {
    ...{ key: `${place} ${words}`, chart: machine.id, kind, place },
    machine: bare.provide(machine.implementations),
    isTouchedBy: (touched) => touched.has(isOfState ? state : place),
  };
}

export function mutantsOf(machine: AnyStateMachine): Mutant[] {
  const mutants: Mutant[] = [];
  const add = (kind: MutantKind, place: string, words: string, change: (parts: Parts) => void): void =>
    void mutants.push(mutantOf(machine, { kind, place, words, change }));
  const { choices, doings } = partsOf(machine);
  const definitions = definitionsIn(machine);
  for (const [at, { key, branches }] of choices.entries()) {
    for (const [index, { actions, guard }] of branches.entries()) {
      const place = `${key} ${index}`;
      const branchIn = (parts: Parts) => parts.choices[at]?.branches[index] ?? { actions: [] };
      add("deleted", place, "deleted", (parts) => {
        const choice = parts.choices[at];
        choice?.branches.splice(index, 1);
        if (choice?.branches.length === 0) choice.remove();
      });
      const sibling = siblingOf(definitions.get(place)?.target?.[0]);
      if (sibling)
        add("retargeted", place, `to ${sibling.id}`, (parts) => {
          branchIn(parts).target = `#${sibling.id}`;
        });
      if (guard !== undefined)
        add("negated", place, `if not ${nameOf(guard)}`, (parts) => {
          branchIn(parts).guard = not(guard as Parameters<typeof not>[0]);
        });
      for (const [nth, action] of actions.entries())
        add("dropped", place, `without ${nameOf(action)}`, (parts) => void branchIn(parts).actions.splice(nth, 1));
    }
  }
  for (const [at, { key, actions }] of doings.entries())
    for (const [nth, action] of actions.entries())
      add("dropped", key, `without ${nameOf(action)}`, (parts) => void parts.doings[at]?.actions.splice(nth, 1));
  return mutants;
}

function definitionsIn(machine: AnyStateMachine): Map<string, AnyTransitionDefinition> {
  const all = statesOf(machine).flatMap((state) => [...state.transitions.values(), state.always ?? []].flat());
  return new Map(all.map((definition) => [transitionKey(definition), definition]));
}

/** The state after this one among its parent's; after the last, the first. Undefined for an only child. */
function siblingOf(state: AnyStateNode | undefined): AnyStateNode | undefined {
  const states = Object.values<AnyStateNode>(state?.parent?.states ?? {});
  const others = states.filter((other) => other === state || other.type !== "history");
  const next = others[(others.indexOf(state as AnyStateNode) + 1) % others.length];
  return next === state ? undefined : next;
}

function nameOf(reference: unknown): string {
  const isObject = typeof reference === "object" && reference !== null;
  return isObject && "type" in reference ? String(reference.type) : String(reference);
}
