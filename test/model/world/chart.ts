// One production chart as the exploration steps it: XState's pure transition, asked once for each (state, event, guard
// answers) and remembered, because the charts' contexts hold only ids. Must never answer anything that the machine has
// not said itself.
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  getInitialMicrosteps,
  getMicrosteps,
  type StateValue,
} from "xstate";
import { transitionKey } from "../../../src/diagnostics/inspection/transition-key.ts";

/** A state of a chart, numbered as it was found. */
export type ChartState = number;

/** An action to be done, as the chart names it; what is sent to an invoked actor reads `send`. */
export interface Effect {
  name: string;
  params: unknown;
  /** Of `send`. */
  event?: AnyEventObject;
}

/** What the chart makes of one event. */
export interface Move {
  to: ChartState;
  effects: readonly Effect[];
  isDone: boolean;
  output: unknown;
  /** The event has come to a state that neither handles it nor says why it may come. */
  unexpected: string | undefined;
  /** Has this move been taken? Counted once, for the table of what is reached. */
  isCounted: boolean;
  transitions: readonly string[];
}

export interface ChartOptions {
  machine: AnyStateMachine;
  /** The guards that the world answers; the chart's own ones (stateIn) stay its own. */
  guards: readonly string[];
  input: Record<string, unknown>;
  isExpected: Expectation;
}

/** Is an event that no transition takes one that the chart says may come there? */
export type Expectation = (
  machine: AnyStateMachine,
  value: StateValue,
  eventType: string,
) => "handled" | "ignored" | "never" | "unlisted";

const builtIn = new Map([
  ["xstate.spawnChild", "spawn"],
  ["xstate.stopChild", "stop"],
]);

export class Chart {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly #guards: readonly string[];
  readonly #input: Record<string, unknown>;
  readonly #isExpected: Expectation;
  readonly #snapshots: AnyMachineSnapshot[] = [];
  readonly #numbers = new Map<string, ChartState>();
  readonly #moves = new Map<string, Move>();
  /** Per state: the events of its deadlines, as XState names them. */
  readonly #deadlines: string[][] = [];
  readonly #nodes: string[][] = [];
  readonly #names: string[] = [];
  #holds: readonly boolean[] = [];
  readonly reachedStates = new Set<string>();
  readonly reachedTransitions = new Set<string>();

  constructor({ machine, guards, input, isExpected }: ChartOptions) {
    this.name = machine.id;
    this.#isExpected = isExpected;
    this.#guards = guards;
    this.#input = input;
    this.machine = machine.provide({
      guards: Object.fromEntries(guards.map((guard, index) => [guard, () => this.#holds[index] === true])),
    });
  }

  /** How many transitions the machine itself was asked for. */
  get asked(): number {
    return this.#moves.size;
  }

  /** The chart's beginning. */
  begin(holds: readonly boolean[] = []): Move {
    return this.#remembered(`begin ${holds.join()}`, () => {
      this.#holds = holds;
      const steps = getInitialMicrosteps(this.machine, this.#input);
      return this.#move(steps, this.#eventless(steps), undefined);
    });
  }

  /** @param name tells the event from others of its type that carry something else. */
  step(from: ChartState, event: AnyEventObject, holds: readonly boolean[] = [], name: string = event.type): Move {
    return this.#remembered(`${from} ${name} ${holds.join()}`, () => {
      this.#holds = holds;
      const before = this.#snapshot(from);
      const selected: AnyTransitionDefinition[] = this.machine.getTransitionData(before, event) ?? [];
      const steps = getMicrosteps(this.machine, before, event);
      const isError = selected.length === 0 && event.type.startsWith("xstate.error.");
      const expected = selected.length > 0 ? "handled" : this.#isExpected(this.machine, before.value, event.type);
      const isUnexpected = isError || expected === "never" || expected === "unlisted";
      const unexpected = isUnexpected
        ? `${this.name} is ${this.nameOf(from)} and gets ${event.type} (${isError ? "which ends it" : expected})`
        : undefined;
      const transitions = [...selected.map(transitionKey), ...this.#eventless([[before, []], ...steps])];
      return this.#move(steps.length > 0 ? steps : [[before, []]], transitions, unexpected);
    });
  }

  /** The state in a person's words: the ids of what is active, without the chart's name. */
  nameOf(state: ChartState): string {
    return this.#names[state] ?? "not begun";
  }

  /** Does the state, or one that it lies in, have this name (as in `sealing` for `sealing.storing`)? */
  isIn(state: ChartState, path: string): boolean {
    return this.nodesOf(state).includes(`${this.name}.${path}`);
  }

  /** The ids of all active state nodes. */
  nodesOf(state: ChartState): readonly string[] {
    return this.#nodes[state] ?? [];
  }

  /** The deadlines that run in this state. */
  deadlinesOf(state: ChartState): readonly string[] {
    return this.#deadlines[state] ?? [];
  }

  #remembered(key: string, ask: () => Move): Move {
    let move = this.#moves.get(key);
    if (!move) {
      move = ask();
      this.#moves.set(key, move);
    }
    if (!move.isCounted) {
      move.isCounted = true;
      for (const transition of move.transitions) this.reachedTransitions.add(transition);
      for (const node of this.nodesOf(move.to)) this.reachedStates.add(node);
    }
    return move;
  }

  #move(
    steps: [AnyMachineSnapshot, { type: string; params: unknown }[]][],
    transitions: string[],
    unexpected: string | undefined,
  ): Move {
    const last = steps.at(-1)?.[0];
    if (!last) throw new Error(`${this.name}: a move without a step`);
    for (const [snapshot] of steps) for (const node of nodesOf(snapshot)) this.reachedStates.add(node.id);
    return {
      to: this.#number(last),
      effects: steps.flatMap(([, actions]) => actions.flatMap(effectOf)),
      isDone: last.status !== "active",
      output: last.output,
      unexpected,
      isCounted: false,
      transitions,
    };
  }

  /** The eventless transitions between the steps of a move: the first of each active node whose guard held. */
  #eventless(steps: [AnyMachineSnapshot, unknown[]][]): string[] {
    const taken: string[] = [];
    for (const [index, [snapshot]] of steps.entries()) {
      if (index === steps.length - 1) break;
      for (const node of nodesOf(snapshot)) {
        const always = node.always?.find(({ guard }) => guard === undefined || this.#answers(guard));
        if (always) taken.push(transitionKey(always));
      }
    }
    return taken;
  }

  #answers(guard: unknown): boolean {
    const name =
      typeof guard === "object" && guard !== null && "type" in guard && typeof guard.type === "string"
        ? guard.type
        : guard;
    return this.#holds[this.#guards.indexOf(String(name))] === true;
  }

  #number(snapshot: AnyMachineSnapshot): ChartState {
    const key = JSON.stringify([snapshot.value, snapshot.status]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#snapshots.length + 1;
    this.#snapshots.push(snapshot);
    this.#numbers.set(key, number);
    const nodes = nodesOf(snapshot);
    this.#nodes[number] = nodes.map(({ id }) => id);
    this.#deadlines[number] = nodes.flatMap(({ after }) => after.map(({ eventType }) => eventType));
    const leaves = nodes.filter((node) => Object.keys(node.states).length === 0);
    this.#names[number] = leaves.map(({ id }) => id.slice(this.name.length + 1)).join(" + ");
    return number;
  }

  #snapshot(state: ChartState): AnyMachineSnapshot {
    const snapshot = this.#snapshots[state - 1];
    if (!snapshot) throw new Error(`${this.name} has no state ${state}`);
    return snapshot;
  }
}

const nodesOf = (snapshot: AnyMachineSnapshot): AnyStateNode[] => snapshot._nodes;

/**
 * Timers are the world's own steps; of what XState does itself only actors that begin and end, and their mail, count.
 */
function effectOf({ type, params }: { type: string; params: unknown }): Effect[] {
  if (type === "xstate.sendTo" && typeof params === "object" && params !== null && "event" in params)
    return isEvent(params.event) ? [{ name: "send", params: undefined, event: params.event }] : [];
  const name = builtIn.get(type);
  if (name) return [{ name, params: undefined }];
  return type.startsWith("xstate.") ? [] : [{ name: type, params }];
}

const isEvent = (value: unknown): value is AnyEventObject =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
