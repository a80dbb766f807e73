// The actors of one conversation, while somebody watches it: the gateway, those that carry the conversation's id, the
// sockets that watch it, and sockets that exchange events with it. At most limits.inspectedActorsMax.
import type { AnyActorRef } from "xstate";
import type { ActorRegistry } from "../../runtime/actor-registry.ts";
import { isMachineSnapshot, parentOf } from "../../runtime/xstate-internals.ts";
import type { ActorChange, ActorSelection } from "../inspection.ts";

export interface ConversationActorsOptions {
  root: AnyActorRef;
  conversationId: string;
  actorsMax: number;
  /** Called when an actor is found, before anything else is said of it. */
  onFound(actor: AnyActorRef): void;
  /** Called once, when an actor is left out because there are too many. */
  onOmitted(): void;
}

/** Events of the gateway that are about one socket, which it has not begun or ended as an actor yet. */
const ofOtherSockets: ReadonlySet<string> = new Set(["socket.opened", "socket.gone"]);

export class ConversationActors implements ActorSelection {
  readonly #options: ConversationActorsOptions;
  readonly #found = new Set<AnyActorRef>();
  #hasOmitted = false;

  constructor(options: ConversationActorsOptions) {
    this.#options = options;
    this.#add(options.root);
  }

  /** Finds those that are alive. */
  find(actors: ActorRegistry): void {
    for (const kind of actors.kinds()) for (const actor of actors.alive(kind).keys()) this.has(actor);
  }

  has(actor: AnyActorRef): boolean {
    return this.#found.has(actor) || (this.#isNamed(actor) && this.#add(actor));
  }

  /** A socket that asks the conversation for something, or is told something by it, belongs to it. */
  met(sender: AnyActorRef, receiver: AnyActorRef): void {
    const { root } = this.#options;
    if (sender === root || receiver === root || !isMachineSnapshot(sender.getSnapshot())) return;
    if (this.#isNamed(receiver)) this.#add(sender);
    else if (this.#isNamed(sender)) this.#add(receiver);
  }

  /**
   * False for what the gateway and a socket do for others: the gateway is there for all, and a socket may watch several
   * conversations.
   */
  isAbout({ actorId, names, ...change }: ActorChange, sender: AnyActorRef | undefined): boolean {
    const { root, conversationId } = this.#options;
    if (names.conversationId !== undefined || change.type !== "actor.moved") return true;
    if (sender && !this.#found.has(sender)) return false;
    const named = conversationIn(change.payload);
    if (named !== undefined) return named === conversationId;
    return actorId !== root.sessionId || !ofOtherSockets.has(change.event);
  }

  /** It has ended. */
  forget(actor: AnyActorRef): void {
    this.#found.delete(actor);
  }

  /** An actor that is still being created has no snapshot: it is found when it starts. */
  #isNamed(actor: AnyActorRef): boolean {
    const snapshot: unknown = actor.getSnapshot();
    return isMachineSnapshot(snapshot) && snapshot.context?.conversationId === this.#options.conversationId;
  }

  #add(actor: AnyActorRef): boolean {
    if (this.#found.has(actor)) return true;
    // A watch belongs to a socket, which then belongs to the conversation as well.
    const parent = parentOf(actor);
    if (parent && !this.#add(parent)) return false;
    const { actorsMax, onFound, onOmitted } = this.#options;
    if (this.#found.size >= actorsMax) {
      if (!this.#hasOmitted) onOmitted();
      this.#hasOmitted = true;
      return false;
    }
    this.#found.add(actor);
    onFound(actor);
    return true;
  }
}

/** The conversation that an event names, itself or in what it carries. */
function conversationIn(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  for (const part of [event, Reflect.get(event, "request"), Reflect.get(event, "broadcast")]) {
    const id: unknown = typeof part === "object" && part !== null && Reflect.get(part, "conversationId");
    if (typeof id === "string") return id;
  }
  return undefined;
}
