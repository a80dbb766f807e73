// The subscriptions of a socket to conversations and surfaces, within its limit. After a subscription has ended, not
// one more byte is sent for it (protocol 1.5.3).
import { surfaceWatchMachine } from "../../machines/surface-watch.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { StreamCursor } from "../protocol/chat-subscribe.ts";
import { chatError, type Refusal, refusals } from "../protocol/refusals.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { shareInitialSnapshot } from "../runtime/shared-snapshot.ts";
import type { Watch, Watches } from "../streams/watches.ts";
import { type Surfaces, surfaceKey } from "../surfaces/surfaces.ts";
import type { Connection, SurfaceWatch } from "./connection.ts";

const surfaceWatchLogic = shareInitialSnapshot(surfaceWatchMachine, {
  connectionId: "",
  surfaceId: "",
  conversationId: "",
});

export interface SubscriptionsOptions {
  actors: ActorRegistry;
  surfaces: Surfaces;
  watches: Watches;
  dispatchQueue: DispatchQueue;
  limits: Limits;
  logger: Logger;
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** The socket's watch of the conversation, or a new one. `after` resumes a new one after that event. */
  watchConversation(connection: Connection, conversationId: string, after?: StreamCursor): Watch | Refusal {
    const present = connection.watches.get(conversationId);
    if (present) return present;
    const full = this.#fullness(connection);
    if (full) return chatError("too-many", full, conversationId);
    const watch = this.#options.watches.open(conversationId, connection, after);
    if (!watch) return chatError("internal", "this conversation cannot be watched now, try again", conversationId);
    connection.addWatch(watch);
    return watch;
  }

  unwatchConversation(connection: Connection, conversationId: string): void {
    const watch = connection.watches.get(conversationId);
    if (!watch) return;
    connection.removeWatch(watch);
    this.#options.watches.end(watch);
  }

  watchSurface(connection: Connection, surfaceId: string, conversationId: string | undefined): Refusal | undefined {
    const { surfaces } = this.#options;
    const provider = surfaces.find(surfaceId);
    if (!provider) return refusals.unknownSurface(surfaceId, conversationId);
    const key = surfaceKey(surfaceId, conversationId);
    const present = connection.surfaceWatches.get(key);
    const full = present ? undefined : this.#fullness(connection);
    if (full) return refusals.tooMany(full, surfaceId, conversationId);
    const watch = present ?? this.#openSurfaceWatch(connection, key, surfaceId, conversationId);
    if (present) this.#options.dispatchQueue.post(() => watch.actor?.send({ type: "surface.awaited" }));
    surfaces.watch(surfaceId, conversationId, provider, watch);
    return undefined;
  }

  unwatchSurface(connection: Connection, key: string): void {
    const watch = connection.surfaceWatches.get(key);
    if (!watch) return;
    connection.removeSurfaceWatch(key);
    this.#options.surfaces.unwatch(key, watch);
    watch.actor?.send({ type: "watch.leave" });
  }

  /** The socket is congested: its watches leave the live sets. */
  holdBack(connection: Connection): void {
    for (const watch of connection.watches.values()) watch.tell("socket.congested");
  }

  /** The socket has drained: its watches catch up, and surfaces that changed meanwhile are sent. */
  catchUp(connection: Connection): void {
    for (const watch of connection.watches.values()) watch.tell("socket.drained");
    for (const [key, watch] of connection.surfaceWatches) this.#options.surfaces.catchUp(key, watch);
  }

  leaveEverything(connection: Connection): void {
    for (const conversationId of [...connection.watches.keys()]) this.unwatchConversation(connection, conversationId);
    for (const key of [...connection.surfaceWatches.keys()]) this.unwatchSurface(connection, key);
  }

  #openSurfaceWatch(
    connection: Connection,
    key: string,
    surfaceId: string,
    conversationId: string | undefined,
  ): SurfaceWatch {
    const { actors, dispatchQueue, logger } = this.#options;
    const { actor, writer } = connection;
    if (!actor) throw new Error("a connection without an actor cannot watch");
    const watch: SurfaceWatch = {
      key,
      writer,
      awaiting: 0,
      version: 0,
      actor: undefined,
      shown: () => dispatchQueue.post(() => watch.actor?.send({ type: "surface.shown" })),
    };
    watch.actor = actors.adopt({
      parent: actor,
      kind: "surface-watch",
      logic: surfaceWatchLogic,
      input: { connectionId: connection.id, surfaceId, conversationId },
      onEnd: (error) => {
        if (error !== undefined) logger.error("surface-watch: defect", { connectionId: connection.id, error });
        if (connection.surfaceWatches.get(key) === watch) this.unwatchSurface(connection, key);
      },
    });
    connection.addSurfaceWatch(watch);
    return watch;
  }

  /** Why the socket may have no further subscription; undefined while it may. */
  #fullness(connection: Connection): string | undefined {
    const { subscriptionsPerSocketMax } = this.#options.limits;
    if (connection.subscriptions < subscriptionsPerSocketMax) return undefined;
    return `this socket has ${subscriptionsPerSocketMax} subscriptions, the maximum: end one first`;
  }
}
