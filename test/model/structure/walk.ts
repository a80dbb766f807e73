// Walks a chart with its guards left open: in every reachable configuration of states, it sends every event that an
// active state takes, with every combination of guard answers. Pure: no action runs, no actor starts. Decisions that
// depend on a context are not seen; our contexts hold nothing but ids.
import {
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  getStateNodes,
} from "xstate";
import { transitionKey } from "../../../src/diagnostics/inspection/transition-key.ts";
import { ancestorsOf, type StateNode, statesOf } from "./chart.ts";
import { inertScope } from "./inert-scope.ts";
import { OpenGuards } from "./open-guards.ts";

/** A combination of states in which the chart may rest. */
export interface Configuration {
  /** The state value, as JSON. */
  key: string;
  snapshot: AnyMachineSnapshot;
  /** The ids of the active states without children. */
  leaves: string[];
  /** The configurations that one event leads to; may include this one. */
  next: Set<string>;
}

/** Something that a step must not do. */
export interface Mishap {
  kind: "endless" | "throws" | "ends-in-error";
  state: string;
  event: string;
  message: string;
}

export interface Walked {
  configurations: Map<string, Configuration>;
  /** Ids of the states that were active at some time. */
  reached: Set<string>;
  /** Keys of the transitions that were taken. */
  taken: Set<string>;
  /** By the key of a guarded transition: the answers that its guard has given. */
  answers: Map<string, Set<boolean>>;
  mishaps: Mishap[];
}

/** Most microsteps of XState within one event. A chart that needs more counts as endless. */
const microstepsMax = 100;

type Check = (snapshot: AnyMachineSnapshot, args: unknown, guard: unknown) => boolean;

/** XState's own combinators (`or`, `and`, `not`, `stateIn`) read the snapshot, so they are not left open. */
const isCombinator = (guard: unknown): guard is { check: Check } =>
  typeof guard === "function" && "check" in guard && typeof guard.check === "function";

export function walk(machine: AnyStateMachine): Walked {
  return new OpenWalk(machine).run();
}

class OpenWalk {
  readonly #guards = new OpenGuards();
  readonly #machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  readonly #queue: Configuration[] = [];
  readonly #walked: Walked = {
    configurations: new Map(),
    reached: new Set(),
    taken: new Set(),
    answers: new Map(),
    mishaps: [],
  };

  constructor(machine: AnyStateMachine) {
    this.#machine = this.#opened(machine);
    this.#scope = inertScope(this.#machine, (transitions) => {
      for (const transition of transitions) this.#note(transition);
    });
  }

  run(): Walked {
    this.#guards.inEveryWay(() =>
      this.#arrive({ state: this.#machine.id, event: "xstate.init" }, () =>
        this.#machine.getInitialSnapshot(this.#scope, {}),
      ),
    );
    for (let from = this.#queue.shift(); from; from = this.#queue.shift()) {
      for (const event of this.#eventsIn(from)) this.#take(from, event);
    }
    return this.#walked;
  }

  #take(from: Configuration, event: AnyEventObject): void {
    const where = { state: from.leaves.join(" + "), event: event.type };
    this.#guards.inEveryWay(() => {
      const to = this.#arrive(where, () => this.#machine.transition(from.snapshot, event, this.#scope));
      if (to) from.next.add(to.key);
      // A failed step is reported as a mishap, and not also as a transition that is never taken.
      else for (const transition of this.#machine.getTransitionData(from.snapshot, event)) this.#note(transition);
    });
  }

  /** Where one step leads; undefined when it fails. */
  #arrive(where: { state: string; event: string }, step: () => AnyMachineSnapshot): Configuration | undefined {
    try {
      const snapshot = step();
      if (snapshot.status !== "error") return this.#configuration(snapshot);
      this.#mishap("ends-in-error", where, "no branch was chosen");
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isEndless = message.includes("Infinite loop");
      if (isEndless) this.#mishap("endless", where, `more than ${microstepsMax} steps`);
      else this.#mishap("throws", where, message);
    }
    return undefined;
  }

  #mishap(kind: Mishap["kind"], { state, event }: { state: string; event: string }, reason: string): void {
    const { mishaps } = this.#walked;
    if (mishaps.some((other) => other.kind === kind && other.state === state && other.event === event)) return;
    const holding = this.#guards.holding();
    const message = holding.length > 0 ? `${reason} (while ${holding.join(", ")} held)` : reason;
    mishaps.push({ kind, state, event, message });
  }

  #configuration(snapshot: AnyMachineSnapshot): Configuration {
    const key = JSON.stringify(snapshot.value);
    const present = this.#walked.configurations.get(key);
    if (present) return present;
    const active = this.#activeIn(snapshot);
    const leaves = active.filter(({ type }) => type === "atomic" || type === "final").map(({ id }) => id);
    const configuration: Configuration = { key, snapshot, leaves, next: new Set() };
    for (const { id } of active) this.#walked.reached.add(id);
    this.#walked.configurations.set(key, configuration);
    if (snapshot.status === "active") this.#queue.push(configuration);
    return configuration;
  }

  #note(transition: AnyTransitionDefinition): void {
    this.#walked.taken.add(transitionKey(transition));
    for (const { id } of [transition.source, ...ancestorsOf(transition.source)]) this.#walked.reached.add(id);
  }

  #activeIn(snapshot: AnyMachineSnapshot): StateNode[] {
    return getStateNodes(this.#machine.root, snapshot.value);
  }

  /** Without the events that XState raises itself, and without wildcards, which are a fault of their own. */
  #eventsIn({ snapshot }: Configuration): AnyEventObject[] {
    const types = new Set(this.#activeIn(snapshot).flatMap((state) => [...state.transitions.keys()]));
    return [...types]
      .filter((type) => !type.startsWith("xstate.done.state.") && !type.endsWith("*"))
      .map((type) => {
        const actorId = /^xstate\.(?:done|error)\.actor\.(.+)$/.exec(type)?.[1];
        if (actorId === undefined) return { type };
        return { type, actorId, output: {}, error: new Error(`${actorId} failed`) };
      });
  }

  /** A copy of the machine with open guards, which records the answers of each transition's guard. */
  #opened(machine: AnyStateMachine): AnyStateMachine {
    const guards: Record<string, unknown> = machine.implementations.guards;
    const open = Object.entries(guards)
      .filter(([, guard]) => typeof guard === "function" && !isCombinator(guard))
      .map(([name]) => [name, (_: unknown, params: unknown) => this.#guards.ask(name, params)]);
    const copy = machine.provide({ guards: Object.fromEntries(open) });
    copy.options = { ...copy.options, maxIterations: microstepsMax };
    for (const state of statesOf(copy)) {
      for (const transition of [...state.transitions.values(), state.always ?? []].flat()) this.#probe(transition);
    }
    return copy;
  }

  #probe(transition: AnyTransitionDefinition): void {
    const { guard } = transition;
    if (guard === undefined) return;
    const key = transitionKey(transition);
    const answers = new Set<boolean>();
    this.#walked.answers.set(key, answers);
    const check: Check = (snapshot, args) => {
      const answer = evaluate(guard, snapshot, args);
      answers.add(answer);
      return answer;
    };
    transition.guard = Object.assign(() => false, { check });
  }
}

/** Evaluates a guard as XState does (5.33, guards.ts); XState does not export that function. */
function evaluate(guard: unknown, snapshot: AnyMachineSnapshot, args: unknown): boolean {
  if (isCombinator(guard)) return guard.check(snapshot, args, guard);
  if (typeof guard === "function") return Boolean(guard(args));
  const isObject = typeof guard === "object" && guard !== null;
  const name = isObject && "type" in guard ? String(guard.type) : String(guard);
  const given = isObject && "params" in guard ? guard.params : undefined;
  const implementation: unknown = snapshot.machine.implementations.guards[name];
  if (implementation === undefined) throw new Error(`there is no guard ${name}`);
  if (isCombinator(implementation)) return implementation.check(snapshot, args, implementation);
  const params = typeof given === "function" ? given(args) : given;
  if (typeof implementation !== "function") return evaluate(implementation, snapshot, args);
  return Boolean(implementation(args, params));
}
