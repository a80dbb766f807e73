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
import type { Clock } from "./clock.ts";

/** Where actors that belong to the gateway's system are adopted. */
export interface Supervision {
  /** The root; its clock option must be the same clock, because the charts' delays run on it. */
  parent: AnyActorRef;
  registry: ActorRegistry;
}

export interface Adoption<Logic extends AnyActorLogic> {
  parent: AnyActorRef;
  /** The actor's constant id: one pair of exact handlers in the parent serves all of a kind. */
  kind: string;
  logic: Logic;
  input: InputFrom<Logic>;
  /** Called once, when the actor has reached a final state or (with the error) thrown. */
  onEnd(error: unknown): void;
}

export class ActorRegistry {
  readonly #clock: Pick<Clock, "now">;
  /** Every actor that is alive, by kind, with the time it was adopted. */
  readonly #alive = new Map<string, Map<AnyActorRef, number>>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Creates and starts the actor. If starting throws, onEnd has been called by then. */
  adopt<Logic extends AnyActorLogic>(adoption: Adoption<Logic>): Actor<Logic> {
    const { parent, kind, logic, input, onEnd } = adoption;
    const actor = createActor(logic, { parent, id: kind, input } as ActorOptions<Logic>);
    this.#follow(kind, actor, onEnd);
    actor.start();
    return actor;
  }

  /** Takes note of an actor that its parent has invoked by itself, for as long as it is alive. */
  witness(kind: string, actor: AnyActorRef): void {
    this.#follow(kind, actor, () => {});
  }

  /** How many actors of this kind are alive. */
  count(kind: string): number {
    return this.#alive.get(kind)?.size ?? 0;
  }

  /** The kinds there are or have been. */
  kinds(): Iterable<string> {
    return this.#alive.keys();
  }

  /** The actors of a kind that are alive, the oldest first, with the time (clock.now, whole ms) of their adoption. */
  alive(kind: string): ReadonlyMap<AnyActorRef, number> {
    return this.#alive.get(kind) ?? new Map();
  }

  #follow(kind: string, actor: AnyActorRef, onEnd: (error: unknown) => void): void {
    let ofKind = this.#alive.get(kind);
    if (!ofKind) {
      ofKind = new Map();
      this.#alive.set(kind, ofKind);
    }
    // Whole milliseconds: small integers take no memory of their own.
    ofKind.set(actor, Math.round(this.#clock.now()));
    actor.subscribe(new Follower(ofKind, actor, onEnd));
  }
}

/** Hears of one actor's end. An object in place of closures: there is one for each socket. */
class Follower {
  readonly #alive: Map<AnyActorRef, number>;
  readonly #actor: AnyActorRef;
  readonly #onEnd: (error: unknown) => void;

  constructor(alive: Map<AnyActorRef, number>, actor: AnyActorRef, onEnd: (error: unknown) => void) {
    this.#alive = alive;
    this.#actor = actor;
    this.#onEnd = onEnd;
  }

  error(error: unknown): void {
    if (this.#alive.delete(this.#actor)) this.#onEnd(error);
  }

  complete(): void {
    this.error(undefined);
  }
}
