// One production chart as the exploration steps it. XState's pure transition is computed once for each (state, event,
// guard answers) and cached, which is possible because the charts' contexts hold only ids. Must never give an answer
// that the machine itself did not give.
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
import { tripleOf } from "../conformance/triples.ts";

/** A state of a chart, numbered in the order of discovery. */
export type ChartState = number;

/** An action to run, by its name in the chart. `send` is an event to an invoked actor. */
export interface Effect {
  name: string;
  params: unknown;
  /** Only of `send`. */
  event?: AnyEventObject;
  /** Of `spawn` and `stop`: the actor's id in the chart. Of `spawn` also what it is given. */
  actor?: string;
  input?: unknown;
}

/** The chart's response to one event. */
export interface Move {
  to: ChartState;
  effects: readonly Effect[];
  isDone: boolean;
  output: unknown;
  /** The problem, when the event arrives in a state that neither handles it nor lists it as ignored. */
  unexpected: string | undefined;
  /** Whether reachedStates and reachedTransitions include this move already. */
  isCounted: boolean;
  transitions: readonly string[];
  /** See tripleOf; undefined for the beginning. */
  triple: string | undefined;
}

export interface ChartOptions {
  machine: AnyStateMachine;
  /** The guards that the world answers. The chart evaluates its own ones (stateIn) itself. */
  guards: readonly string[];
  input: Record<string, unknown>;
  isExpected: Expectation;
}

/** What the chart declares about an event in a state, as isExpected in test/model/structure.ts answers it. */
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
  readonly reachedTriples = new Set<string>();

  constructor({ machine, guards, input, isExpected }: ChartOptions) {
    this.name = machine.id;
    this.#isExpected = isExpected;
    this.#guards = guards;
    this.#input = input;
    this.machine = machine.provide({
      guards: Object.fromEntries(guards.map((guard, index) => [guard, () => this.#holds[index] === true])),
    });
  }

  /** How many moves the machine itself was asked for; all others come from the cache. */
  get asked(): number {
    return this.#moves.size;
  }

  /** Enters the chart's initial state. */
  begin(holds: readonly boolean[] = []): Move {
    return this.#remembered(`begin ${holds.join()}`, () => {
      this.#holds = holds;
      const steps = getInitialMicrosteps(this.machine, this.#input);
      return this.#move(steps, this.#eventless(steps));
    });
  }

  /** @param name distinguishes the event from others of its type that carry different data. */
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
      // Only after an event without a transition are eventless ones taken from the state before.
      const passed: typeof steps = selected.length > 0 ? steps : [[before, []], ...steps];
      const transitions = [...selected.map(transitionKey), ...this.#eventless(passed)];
      const move = this.#move(steps.length > 0 ? steps : [[before, []]], transitions);
      return { ...move, unexpected, triple: tripleOf(this.name, before.value, event.type, transitions) };
    });
  }

  /** The state as readable text: the ids of its active leaves, without the chart's name. */
  nameOf(state: ChartState): string {
    return this.#names[state] ?? "not begun";
  }

  /** Whether the state or one of its ancestors has this name (as `sealing` for `sealing.storing`). */
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
      if (move.triple !== undefined) this.reachedTriples.add(move.triple);
    }
    return move;
  }

  #move(steps: [AnyMachineSnapshot, { type: string; params: unknown }[]][], transitions: string[]): Move {
    const last = steps.at(-1)?.[0];
    if (!last) throw new Error(`${this.name}: a move without a step`);
    for (const [snapshot] of steps) for (const node of nodesOf(snapshot)) this.reachedStates.add(node.id);
    return {
      to: this.#number(last),
      effects: steps.flatMap(([, actions]) => actions.flatMap(effectOf)),
      isDone: last.status !== "active",
      output: last.output,
      unexpected: undefined,
      isCounted: false,
      transitions,
      triple: undefined,
    };
  }

  /** The eventless transitions between the microsteps of a move: the first of each active node whose guard held. */
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
    const history = Object.entries(snapshot.historyValue).map(([of, nodes]) => [of, nodes.map(({ id }) => id)]);
    const key = JSON.stringify([snapshot.value, snapshot.status, history]);
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

/** Of XState's own actions, only starting, stopping and sending to an actor count. Timers are steps of the world. */
function effectOf({ type, params }: { type: string; params: unknown }): Effect[] {
  if (type === "xstate.sendTo" && typeof params === "object" && params !== null && "event" in params)
    return isEvent(params.event) ? [{ name: "send", params: undefined, event: params.event }] : [];
  const name = builtIn.get(type);
  if (name) return [{ name, params: undefined, ...actorIn(params) }];
  return type.startsWith("xstate.") ? [] : [{ name: type, params }];
}

/** Starting is told with the actor's id and input, stopping with the actor. */
function actorIn(params: unknown): Pick<Effect, "actor" | "input"> {
  const { id, input } = (params ?? {}) as { id?: unknown; input?: unknown };
  return { ...(typeof id === "string" && { actor: id }), ...(input !== undefined && { input }) };
}

const isEvent = (value: unknown): value is AnyEventObject =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
