// One socket's entry in the house: its actor, its outlet and what it watches. Plain fields for the data plane; what may
// happen, and when, is the chart's business (machines/connection.ts).
import type { Actor } from "xstate";
import type { ConnectionFact, connectionMachine } from "../machines/connection.ts";
import type { surfaceWatchMachine } from "../machines/surface-watch.ts";
import type { Facts } from "./facts.ts";
import type { Outlet } from "./outlet.ts";
import type { Viewer } from "./surface-feed.ts";
import type { Watch } from "./watches.ts";

/** A subscription to a surface: what the surface's feed sees of it, and its actor. */
export interface SurfaceWatch extends Viewer {
  readonly key: string;
  actor: Actor<typeof surfaceWatchMachine> | undefined;
}

export class Connection {
  readonly id: string;
  /** Grows with each socket: news made before it are not for it. */
  readonly serial: number;
  readonly outlet: Outlet;
  /** Did it choose the subprotocol `turnwire.v1`? */
  readonly isV1: boolean;
  actor: Actor<typeof connectionMachine> | undefined;
  readonly watches = new Map<string, Watch>();
  readonly surfaceWatches = new Map<string, SurfaceWatch>();
  /** Conversations in which a turn of this socket's making is requested or running. */
  readonly asking = new Set<string>();
  /** Surface actions that have not settled. */
  invokes = 0;
  /** The ids of requests whose reply is still to come. */
  readonly unanswered = new Set<string>();
  readonly #facts: Facts;

  constructor(id: string, serial: number, outlet: Outlet, isV1: boolean, facts: Facts) {
    this.id = id;
    this.serial = serial;
    this.outlet = outlet;
    this.isV1 = isV1;
    this.#facts = facts;
  }

  get subscriptions(): number {
    return this.watches.size + this.surfaceWatches.size;
  }

  /** Posts a fact for the actor. */
  tell(type: ConnectionFact["type"]): void {
    this.#facts.post(() => this.actor?.send({ type }));
  }

  /** After a subscription was added or has ended. */
  subscriptionsChanged(before: number): void {
    const now = this.subscriptions;
    if (before === 0 && now > 0) this.tell("watches.first");
    if (before > 0 && now === 0) this.tell("watches.none");
  }

  asked(conversationId: string): void {
    if (this.asking.size === 0) this.tell("turns.first");
    this.asking.add(conversationId);
  }

  settled(conversationId: string): void {
    if (this.asking.delete(conversationId) && this.asking.size === 0) this.tell("turns.none");
  }
}
