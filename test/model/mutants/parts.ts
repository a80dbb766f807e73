// The parts of a chart that a mutant may change, in a copy of its config: each list of branches that an event chooses
// from, and each list of actions. Must never change the chart itself.
import type { AnyStateMachine } from "xstate";

type Config = Record<string, unknown>;

/** One transition of the config. */
export interface Branch extends Config {
  target?: string;
  guard?: unknown;
  actions: unknown[];
}

/** The branches of one event in one state. */
export interface Choice {
  /** The state and the event, as in transitionKey. */
  key: string;
  branches: Branch[];
  /** Takes the event off the state. */
  remove(): void;
}

/** The actions of one state's entry or exit. */
export interface Doings {
  key: string;
  actions: unknown[];
}

export interface Parts {
  config: Config;
  choices: Choice[];
  doings: Doings[];
}

/** A chart that goes round in circles within one event ends with an error after so many steps. */
const microstepsMax = 100;

/** A new copy each time. */
export function partsOf(machine: AnyStateMachine): Parts {
  const parts: Parts = { config: {}, choices: [], doings: [] };
  parts.config = copyOf(machine.id, { ...machine.config }, parts);
  parts.config["options"] = { maxIterations: microstepsMax };
  return parts;
}

function copyOf(id: string, state: Config, parts: Parts): Config {
  const copy = { ...state };
  /** Puts a list of branches in the place of what `owner[name]` says. */
  const choice = (owner: Config, name: string, event: string): void => {
    if (owner[name] === undefined) return;
    const branches = listOf(owner[name]).map(branchOf);
    owner[name] = branches;
    parts.choices.push({ key: `${id} ${event}`, branches, remove: () => delete owner[name] });
  };
  const choices = (name: string, eventOf: (key: string) => string): void => {
    if (!isConfig(copy[name])) return;
    const owner = { ...copy[name] };
    copy[name] = owner;
    for (const key of Object.keys(owner)) choice(owner, key, eventOf(key));
  };
  choices("on", (event) => event);
  choices("after", (delay) => `xstate.after.${delay}.${id}`);
  choice(copy, "always", "always");
  choice(copy, "onDone", `xstate.done.state.${id}`);
  if (copy["invoke"] !== undefined)
    copy["invoke"] = listOf(copy["invoke"]).map((one) => {
      const invoked = { ...(one as Config) };
      choice(invoked, "onDone", `xstate.done.actor.${invoked["id"]}`);
      choice(invoked, "onError", `xstate.error.actor.${invoked["id"]}`);
      return invoked;
    });
  for (const name of ["entry", "exit"]) {
    if (copy[name] === undefined) continue;
    const actions = [...listOf(copy[name])];
    copy[name] = actions;
    parts.doings.push({ key: `${id} ${name}`, actions });
  }
  if (isConfig(copy["states"])) {
    const states = Object.entries(copy["states"]);
    copy["states"] = Object.fromEntries(
      states.map(([name, child]) => [name, copyOf(`${id}.${name}`, child as Config, parts)]),
    );
  }
  return copy;
}

const isConfig = (value: unknown): value is Config => typeof value === "object" && value !== null;
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function branchOf(written: unknown): Branch {
  if (!isConfig(written)) return { target: String(written), actions: [] };
  const { actions } = written;
  return { ...written, actions: actions === undefined ? [] : [...listOf(actions)] };
}
