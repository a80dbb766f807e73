// The subscriptions of a socket to conversations and surfaces, within its limit. After a subscription has ended, not
// one more byte is sent for it (protocol 1.5.3).
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { StreamCursor } from "../protocol/chat-subscribe.ts";
import { chatError, type Refusal, refusals } from "../protocol/refusals.ts";
import type { Subscribe } from "../protocol/subscribe.ts";
import { type SendTo, sendFromOutside } from "../runtime/send-to.ts";
import type { Watch, Watches } from "../streams/watches.ts";
import { type Surfaces, surfaceKey } from "../surfaces/surfaces.ts";
import type { Connection } from "./connection.ts";

export interface SubscriptionsOptions {
  surfaces: Surfaces;
  watches: Watches;
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

  unwatchConversation(connection: Connection, conversationId: string, send = sendFromOutside): void {
    const watch = connection.watches.get(conversationId);
    if (!watch) return;
    connection.removeWatch(watch);
    this.#options.watches.end(watch, send);
  }

  watchSurface(connection: Connection, { surfaceId, conversationId }: Subscribe, send: SendTo): Refusal | undefined {
    const { surfaces, logger } = this.#options;
    const provider = surfaces.find(surfaceId);
    if (!provider) {
      const unknown = refusals.unknownSurface(surfaceId, conversationId);
      logger.warn("transport-ws: surface-op error", { surfaceId, reason: unknown.reply.message });
      return unknown;
    }
    const key = surfaceKey(surfaceId, conversationId);
    const present = connection.surfaceWatches.get(key);
    const full = present ? undefined : this.#fullness(connection);
    if (full) return refusals.tooMany(full, surfaceId, conversationId);
    const watch = present ?? { key, writer: connection.writer, awaiting: 0, version: 0 };
    if (!present) connection.addSurfaceWatch(watch);
    surfaces.watch(surfaceId, conversationId, provider, watch, send);
    return undefined;
  }

  unwatchSurface(connection: Connection, key: string, send: SendTo): void {
    const watch = connection.surfaceWatches.get(key);
    if (!watch) return;
    connection.removeSurfaceWatch(key);
    this.#options.surfaces.unwatch(key, watch, send);
  }

  /** The socket has drained: surfaces that changed meanwhile are sent. */
  updateSurfaces(connection: Connection): void {
    for (const [key, watch] of connection.surfaceWatches) this.#options.surfaces.catchUp(key, watch);
  }

  leaveEverything(connection: Connection, send = sendFromOutside): void {
    for (const id of [...connection.watches.keys()]) this.unwatchConversation(connection, id, send);
    for (const key of [...connection.surfaceWatches.keys()]) this.unwatchSurface(connection, key, send);
  }

  /** Why the socket may have no further subscription; undefined while it may. */
  #fullness(connection: Connection): string | undefined {
    const { subscriptionsPerSocketMax } = this.#options.limits;
    if (connection.subscriptions < subscriptionsPerSocketMax) return undefined;
    return `this socket has ${subscriptionsPerSocketMax} subscriptions, the maximum: end one first`;
  }
}
