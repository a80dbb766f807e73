// Replays what an actor was seen to do on its bare chart, which has no code behind it: in the state in which an event
// came, the chart must offer exactly the transitions that were taken, and they must lead to the state that was reached.
// Guards read the server's data, so here they answer as they must have answered there.
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, StateValue } from "xstate";
import { transitionKey } from "../../../src/diagnostics/inspection/transition-key.ts";
import { statesOf } from "../structure/chart.ts";
import { inertScope } from "../structure/inert-scope.ts";

/** What one event did to an actor. */
export interface Move {
  /** "xstate.init" for its beginning. */
  event: string;
  /** The keys of the transitions, microstep by microstep. */
  taken: string[][];
  /** The state afterwards. */
  value: StateValue;
}

type Replayed = { place: AnyMachineSnapshot } | { problem: string };

/** Replays the moves of all actors of one chart. */
export class Replay {
  readonly #machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  /** The transitions that the move takes, and those that the replay has taken so far. */
  #seen: readonly string[][] = [];
  #replayed: string[][] = [];
  readonly #known = new Map<AnyMachineSnapshot | undefined, Map<string, Replayed>>();
  readonly #places = new Map<string, AnyMachineSnapshot>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine.provide({});
    this.#scope = inertScope(this.#machine, (transitions) => this.#replayed.push(transitions.map(transitionKey)));
    for (const state of statesOf(this.#machine))
      for (const transition of [...state.transitions.values(), state.always ?? []].flat()) {
        const key = transitionKey(transition);
        const check = (): boolean => this.#seen[this.#replayed.length]?.includes(key) === true;
        // In this form XState asks a guard of its own.
        if (transition.guard !== undefined) transition.guard = Object.assign(() => false, { check });
      }
  }

  /** The place of an actor that has begun before it was watched. */
  placeOf(value: StateValue): AnyMachineSnapshot {
    return this.#unique(this.#machine.resolveState({ value, context: {} }));
  }

  /**
   * Where the move leads; the problem, when the chart does not make it.
   * @param from undefined: the actor begins.
   */
  follow(from: AnyMachineSnapshot | undefined, move: Move): Replayed {
    const key = JSON.stringify(move);
    const known = this.#known.get(from) ?? new Map<string, Replayed>();
    this.#known.set(from, known);
    const replayed = known.get(key) ?? this.#replay(from, move);
    known.set(key, replayed);
    return replayed;
  }

  #replay(from: AnyMachineSnapshot | undefined, { event, taken, value }: Move): Replayed {
    this.#seen = taken;
    this.#replayed = [];
    const where = `${this.#machine.id} ${from ? `in ${JSON.stringify(from.value)}` : "at its beginning"} on ${event}`;
    let place: AnyMachineSnapshot;
    try {
      const actorId = event.split(".").at(-1);
      place = from
        ? this.#machine.transition(from, { type: event, actorId, output: {} }, this.#scope)
        : this.#machine.getInitialSnapshot(this.#scope, {});
    } catch (error) {
      return { problem: `${where}: the chart alone fails: ${String(error)}` };
    }
    const [did, does] = [taken, this.#replayed].map(told);
    if (did !== does) return { problem: `${where}: the actor took ${did}; the chart takes ${does}` };
    const [reached, reaches] = [value, place.value].map((one) => JSON.stringify(one));
    if (reached !== reaches)
      return { problem: `${where}: the actor came to ${reached}; the chart comes to ${reaches}` };
    return { place: this.#unique(place) };
  }

  /** Equal places are one object. History states remember, and belong to the place. */
  #unique(place: AnyMachineSnapshot): AnyMachineSnapshot {
    const history = Object.entries(place.historyValue).map(([of, nodes]) => [of, nodes.map(({ id }) => id)]);
    const key = JSON.stringify([place.value, place.status, history]);
    const known = this.#places.get(key) ?? place;
    this.#places.set(key, known);
    return known;
  }
}

const told = (taken: readonly string[][]): string =>
  taken.flat().length === 0 ? "no transition" : taken.map((keys) => keys.join(" + ")).join(", then ");
