// One socket's record: its actor, its writer and what it watches. Plain fields for the data plane; what may happen, and
// when, is decided by the chart (machines/connection.ts). There are tens of thousands of these, so fields are allocated
// on first use and methods replace closures.
import type { Actor } from "xstate";
import type { ConnectionSignal, connectionMachine } from "../../machines/connection.ts";
import { RateLimiter, type RequestKind } from "../access/rate-limiter.ts";
import type { SocketWriter, SocketWriterOwner } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { DispatchQueue } from "../runtime/dispatch-queue.ts";
import type { Watch, WatchOwner } from "../streams/watches.ts";
import type { Viewer } from "../surfaces/surface-feed.ts";

/** A subscription to a surface, as the surface's feed sees it. Data alone: nothing is decided for one viewer. */
export interface SurfaceWatch extends Viewer {
  readonly key: string;
}

export interface ConnectionOptions {
  id: string;
  /** Grows with each socket. A broadcast goes only to sockets that are older than it. */
  serial: number;
  identity: Identity;
  /** True when it chose the subprotocol `turnwire.v1`. */
  isV1: boolean;
  dispatchQueue: DispatchQueue;
}

const noWatches: ReadonlyMap<string, Watch> = new Map();
const noSurfaceWatches: ReadonlyMap<string, SurfaceWatch> = new Map();

export class Connection implements SocketWriterOwner, WatchOwner {
  readonly id: string;
  readonly serial: number;
  readonly identity: Identity;
  readonly isV1: boolean;
  readonly writer: SocketWriter;
  actor: Actor<typeof connectionMachine> | undefined;
  /** Surface actions that have not settled. */
  invokes = 0;
  /** While a long message is processed, the rate buckets refill only up to this time. Monotonic, ms. */
  countedUntil: number | undefined;
  readonly #dispatchQueue: DispatchQueue;
  #rate: RateLimiter | undefined;
  #watches: Map<string, Watch> | undefined;
  #surfaceWatches: Map<string, SurfaceWatch> | undefined;
  /** Conversations in which a turn that this socket asked for is requested or running. */
  #ownTurns: Set<string> | undefined;
  /** The ids of requests without their reply yet. */
  #unanswered: Set<string> | undefined;

  constructor(
    { id, serial, identity, isV1, dispatchQueue }: ConnectionOptions,
    writerFor: (owner: SocketWriterOwner) => SocketWriter,
  ) {
    this.id = id;
    this.serial = serial;
    this.identity = identity;
    this.isV1 = isV1;
    this.#dispatchQueue = dispatchQueue;
    this.writer = writerFor(this);
  }

  /** By conversation id. */
  get watches(): ReadonlyMap<string, Watch> {
    return this.#watches ?? noWatches;
  }

  /** By surface key. */
  get surfaceWatches(): ReadonlyMap<string, SurfaceWatch> {
    return this.#surfaceWatches ?? noSurfaceWatches;
  }

  get subscriptions(): number {
    return this.watches.size + this.surfaceWatches.size;
  }

  /** Sends the actor a signal, through the dispatch queue. */
  tell(type: ConnectionSignal["type"]): void {
    this.#dispatchQueue.post(() => this.actor?.send({ type }));
  }

  addWatch(watch: Watch): void {
    this.#watches ??= new Map();
    this.#watches.set(watch.conversationId, watch);
    this.writer.joins = this.#watches.size > 1;
  }

  removeWatch(watch: Watch): void {
    if (this.watches.get(watch.conversationId) !== watch) return;
    this.#watches?.delete(watch.conversationId);
    this.writer.joins = this.watches.size > 1;
    this.turnOver(watch.conversationId);
  }

  addSurfaceWatch(watch: SurfaceWatch): void {
    this.#surfaceWatches ??= new Map();
    this.#surfaceWatches.set(watch.key, watch);
  }

  removeSurfaceWatch(key: string): void {
    this.#surfaceWatches?.delete(key);
  }

  /** Counts a request of that many bytes. Returns 0, or the milliseconds after which the client may send it again. */
  pause(kind: RequestKind, bytes: number, limits: Limits): number {
    this.#rate ??= new RateLimiter(limits);
    return this.#rate.take(kind, bytes, this.countedUntil ?? this.writer.countedUntil());
  }

  get floods(): boolean {
    return this.#rate?.floods ?? false;
  }

  // ── requests without their reply yet ──────────────────────────────────────────────────────────────────────────────

  awaitsReply(id: string): boolean {
    return this.#unanswered?.has(id) ?? false;
  }

  expectReply(id: string): void {
    this.#unanswered ??= new Set();
    this.#unanswered.add(id);
  }

  replied(id: string): void {
    this.#unanswered?.delete(id);
  }

  // ── signals of its watches ────────────────────────────────────────────────────────────────────────────────────────

  get hasOwnTurn(): boolean {
    return (this.#ownTurns?.size ?? 0) > 0;
  }

  asked(conversationId: string): void {
    this.#ownTurns ??= new Set();
    this.#ownTurns.add(conversationId);
  }

  withdrew(conversationId: string): void {
    this.#ownTurns?.delete(conversationId);
  }

  turnOver(conversationId: string): void {
    if (this.#ownTurns?.delete(conversationId)) this.tell("turn.over");
  }
}
