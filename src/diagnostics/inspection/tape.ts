// The last moves of one living actor, as XState's own objects: half of what a socket costs otherwise is wording that
// hardly any actor ever needs. They are put into words when the actor ends badly.
import type { AnyMachineSnapshot, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { activeNodesOf } from "../../runtime/xstate-internals.ts";
import { statesIn } from "./actor.ts";
import { refusalOf } from "./reasons.ts";
import type { RecordedChange } from "./recording.ts";
import { transitionKey } from "./transition-key.ts";

/** A step of an actor, before it is put into words. */
export interface Move {
  /** Of clock.now, whole ms: V8 stores small integers without an allocation. */
  at: number;
  event: string;
  from: string | undefined;
  transitions: readonly AnyTransitionDefinition[];
  nodes: readonly AnyStateNode[];
  payload?: unknown;
}

const none: readonly AnyTransitionDefinition[] = [];

export class Tape {
  readonly bornAt: number;
  readonly moves: Move[] = [];
  dropped = 0;
  /** The event that was sent to it last. */
  taking: string | undefined;
  /** The bad state that it has come to. */
  badEnd: string | undefined;
  /** Transitions of the event being processed. */
  #taken = none;

  constructor(bornAt: number) {
    this.bornAt = bornAt;
  }

  take(transitions: readonly AnyTransitionDefinition[]): void {
    this.#taken = this.#taken === none ? transitions : [...this.#taken, ...transitions];
  }

  /** Adds a move and drops the oldest. Undefined when it has led to no other state. */
  add(move: Pick<Move, "at" | "event" | "from">, snapshot: AnyMachineSnapshot, movesMax: number): Move | undefined {
    const before = this.moves.at(-1)?.nodes;
    const { at, event, from } = move;
    const added: Move = { at, event, from, transitions: this.#taken, nodes: activeNodesOf(snapshot) };
    this.#taken = none;
    this.moves.push(added);
    if (this.moves.length > movesMax) {
      this.moves.shift();
      this.dropped++;
    }
    return before === added.nodes ? undefined : added;
  }

  /** @param epoch offset of the moves' times to milliseconds since the epoch */
  changes(actorId: string, epoch: number): RecordedChange[] {
    return this.moves.flatMap(({ at, event, from, transitions, nodes, payload }) => {
      const change = { actorId, at: epoch + at, states: statesIn(nodes) };
      const keys = transitions.map(transitionKey);
      const handled = keys.length > 0;
      const isStart = event === "xstate.init";
      const why = handled ? {} : refusalOf(nodes, event);
      const moved = { ...change, type: "moved" as const, event, from, handled, transitions: keys, ...why };
      return [
        ...(isStart ? [{ ...change, type: "started" as const }] : []),
        ...(isStart && !handled ? [] : [{ ...moved, ...(payload !== undefined && { payload }) }]),
      ];
    });
  }
}
