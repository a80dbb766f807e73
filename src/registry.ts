// Adopts actors under a parent without the cost of XState's own `children` (spawn copies that record at every join:
// 6–13 ms a join at 10,000 children with XState 5.33; this takes 80 µs whatever the number). Must never forget anyone:
// what an actor held is released on done and on error alike.
import {
  type Actor,
  type ActorOptions,
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  type InputFrom,
} from "xstate";

export interface Adoption<Logic extends AnyActorLogic> {
  parent: AnyActorRef;
  /** The actor's constant id: one pair of exact handlers in the parent serves all of a kind. */
  kind: string;
  logic: Logic;
  input: InputFrom<Logic>;
  /** Called once, when the actor has reached a final state or (with the error) thrown. */
  onEnd(error: unknown): void;
}

export class Registry {
  readonly #counts = new Map<string, number>();

  /** Creates and starts the actor. If starting throws, onEnd has been called by then. */
  adopt<Logic extends AnyActorLogic>(adoption: Adoption<Logic>): Actor<Logic> {
    const { parent, kind, logic, input, onEnd } = adoption;
    const actor = createActor(logic, { parent, id: kind, input } as ActorOptions<Logic>);
    let ended = false;
    const end = (error: unknown): void => {
      if (ended) return;
      ended = true;
      this.#count(kind, -1);
      onEnd(error);
    };
    actor.subscribe({ error: end, complete: () => end(undefined) });
    this.#count(kind, +1);
    actor.start();
    return actor;
  }

  /** How many actors of this kind are alive. */
  count(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  #count(kind: string, change: number): void {
    this.#counts.set(kind, this.count(kind) + change);
  }
}
