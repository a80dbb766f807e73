// All sockets. Accepts them, signals their actors what the data plane notices, and releases everything a socket held
// when it has gone, failed or been closed. Must never let one socket's end touch another.
import { randomUUID } from "node:crypto";
import { type AnyActorRef, enqueueActions } from "xstate";
import { connectionMachine } from "../../machines/connection.ts";
import type { Authoriser } from "../access/authoriser.ts";
import { Corker } from "../egress/cork.ts";
import { EgressCounters } from "../egress/counters.ts";
import type { Caller, Socket, SocketListener } from "../egress/socket.ts";
import { SocketWriter, type SocketWriterContext } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Logger } from "../ports/logger.ts";
import { closes } from "../protocol/closes.ts";
import { v1 } from "../protocol/subprotocol.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import type { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { FairJobQueue } from "../runtime/fair-job-queue.ts";
import { shareInitialSnapshot } from "../runtime/shared-snapshot.ts";
import { surfaceKey } from "../surfaces/surfaces.ts";
import { respond } from "./actions/replies.ts";
import type { Services } from "./actions/services.ts";
import { connectionParts } from "./actions.ts";
import { Connection } from "./connection.ts";
import { InboundQueue } from "./inbound-queue.ts";
import { RequestPipeline } from "./request-pipeline.ts";

export interface ConnectionsOptions {
  actors: ActorRegistry;
  parent: AnyActorRef;
  dispatchQueue: DispatchQueue;
  clock: Clock;
  limits: Limits;
  logger: Logger;
  services: Services;
  authoriser: Authoriser;
  /** The first message to every socket, encoded. */
  catalogFrame: () => Buffer;
  /** The hello that precedes it on a v1 socket, encoded. */
  helloFrame: (connectionId: string) => Buffer;
  /** Called when a socket has gone and everything it held is released, however its actor ended. */
  released: () => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #machine: typeof connectionMachine;
  readonly #open = new Map<string, Connection>();
  readonly #writerContext: SocketWriterContext;
  readonly counters = new EgressCounters();
  /** Long messages of all clients, over HTTP too. */
  readonly longMessages: FairJobQueue;
  readonly #pipeline: RequestPipeline;
  /** The newest socket's serial. */
  serial = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { clock, limits } = options;
    this.longMessages = new FairJobQueue(clock, limits, () => this.#open.size <= 1);
    this.#pipeline = new RequestPipeline({ ...options, longMessages: this.longMessages });
    this.#writerContext = { clock, limits, corker: new Corker(clock), counters: this.counters };
    this.#machine = shareInitialSnapshot(this.#provide(), { connectionId: "" });
  }

  #provide(): typeof connectionMachine {
    const find = (id: string): Connection | undefined => this.#open.get(id);
    const { services } = this.#options;
    const { subscriptions } = services;
    const { actions, guards } = connectionParts(find, services);
    /** The actors of what the socket watches. */
    const watches = ({ connectionId }: { connectionId: string }): AnyActorRef[] =>
      [...(find(connectionId)?.watches.values() ?? [])].flatMap(({ actor }) => actor ?? []);
    return connectionMachine.provide({
      actions: {
        ...actions,
        // Sent by the chart, so that an inspector sees from whom. They reach adopted actors too.
        holdWatches: enqueueActions(({ context, enqueue }) => {
          for (const watch of watches(context)) enqueue.sendTo(watch, { type: "socket.congested" });
        }),
        releaseWatches: enqueueActions(({ context, enqueue }) => {
          for (const watch of watches(context)) enqueue.sendTo(watch, { type: "socket.drained" });
        }),
        watchSurface: enqueueActions(({ context, enqueue }, message) => {
          const connection = find(context.connectionId);
          if (connection)
            respond(connection, message, subscriptions.watchSurface(connection, message, enqueue.sendTo) ?? {});
        }),
        unwatchSurface: enqueueActions(({ context, enqueue }, message) => {
          const connection = find(context.connectionId);
          if (!connection) return;
          const { surfaceId, conversationId } = message;
          subscriptions.unwatchSurface(connection, surfaceKey(surfaceId, conversationId), enqueue.sendTo);
          respond(connection, message, {});
        }),
        unwatchConversation: enqueueActions(({ context, enqueue }, message) => {
          const connection = find(context.connectionId);
          if (!connection) return;
          subscriptions.unwatchConversation(connection, message.conversationId, enqueue.sendTo);
          respond(connection, message, {});
        }),
        leaveEverything: enqueueActions(({ context, enqueue }) => {
          const connection = find(context.connectionId);
          if (connection) subscriptions.leaveEverything(connection, enqueue.sendTo);
        }),
      },
      guards,
    });
  }

  get size(): number {
    return this.#open.size;
  }

  all(): Iterable<Connection> {
    return this.#open.values();
  }

  get(connectionId: string): Connection | undefined {
    return this.#open.get(connectionId);
  }

  /** Takes a socket that ws has upgraded. Its first message is the catalog (protocol 1.2) or hello (protocol 2). */
  accept(socket: Socket, { subprotocol, identity }: Caller): SocketListener {
    const { actors, parent, dispatchQueue, logger, catalogFrame, helloFrame } = this.#options;
    const options = { id: randomUUID(), serial: ++this.serial, identity, isV1: subprotocol === v1, dispatchQueue };
    const connection = new Connection(options, (owner) => new SocketWriter(socket, owner, this.#writerContext));
    this.#open.set(connection.id, connection);
    if (connection.isV1) connection.writer.control(helloFrame(connection.id));
    connection.writer.control(catalogFrame());
    connection.actor = actors.adopt({
      parent,
      kind: "connection",
      logic: this.#machine,
      input: { connectionId: connection.id },
      onEnd: (error) => this.#ended(connection, error),
    });
    logger.debug("transport-ws: connection open", { connectionId: connection.id });
    return new InboundQueue(connection, this.#pipeline, this.#closed);
  }

  /** The TCP connection is gone. */
  readonly #closed = (connection: Connection): void => {
    connection.writer.end();
    connection.actor?.send({ type: "socket.closed" });
    this.#release(connection);
  };

  /** Cuts every socket and releases what it held. */
  cutAll(): void {
    this.longMessages.stop();
    for (const connection of [...this.#open.values()]) {
      connection.writer.cut();
      this.#closed(connection);
    }
  }

  /** Called by the sweep: checks deadlines and the memory budget of all sockets. False when there are none. */
  readonly round = (now: number): boolean => {
    let unsentBytes = 0;
    for (const connection of this.#open.values()) {
      // A frame for many sockets is in memory once, and sockets that keep up release it soon. Count only slow sockets.
      if (connection.writer.isBehind(now)) unsentBytes += connection.writer.unsentBytes();
      const due = connection.writer.due(now);
      if (due) connection.tell(`socket.${due}`);
      // A failed actor can no longer cut its socket.
      if (due === "overdue" && connection.actor?.getSnapshot().status !== "active") connection.writer.cut();
    }
    if (unsentBytes > this.#options.limits.allUnsentBytesMax) this.#giveUpSlowest(unsentBytes, now);
    return this.#open.size > 0;
  };

  /** Unsent bytes of all sockets and of the largest one, the largest lag in events, and waiting long messages. */
  measure(): { unsentBytes: number; largestUnsentBytes: number; largestLag: number; longMessages: number } {
    const longMessages = this.longMessages.waiting;
    const measured = { unsentBytes: 0, largestUnsentBytes: 0, largestLag: 0, longMessages };
    for (const { writer, watches } of this.#open.values()) {
      for (const { cursor } of watches.values())
        measured.largestLag = Math.max(measured.largestLag, cursor.feed.log.seq - cursor.seq);
      const bytes = writer.unsentBytes();
      measured.unsentBytes += bytes;
      measured.largestUnsentBytes = Math.max(measured.largestUnsentBytes, bytes);
    }
    return measured;
  }

  /** The slow sockets exceed their memory budget: gives up those with the most unsent bytes first. */
  #giveUpSlowest(unsentBytes: number, now: number): void {
    const behind = [...this.#open.values()].filter(({ writer }) => writer.isBehind(now));
    const largestFirst = behind.map(({ writer }) => ({ writer, bytes: writer.unsentBytes() }));
    largestFirst.sort((a, b) => b.bytes - a.bytes);
    let remaining = unsentBytes;
    for (const { writer, bytes } of largestFirst) {
      if (remaining <= this.#options.limits.allUnsentBytesMax) return;
      writer.giveUp();
      remaining -= bytes;
    }
  }

  /** Ends the sockets whose identity is no longer valid. */
  revoke(isGood: (identity: Identity) => boolean): void {
    for (const connection of this.#open.values()) if (!isGood(connection.identity)) connection.tell("access.ended");
  }

  /** The actor has ended. If it threw, its socket closes with 1011 and no other socket is affected. */
  #ended(connection: Connection, error: unknown): void {
    if (error !== undefined) {
      this.#options.logger.error("connection: defect", { connectionId: connection.id, error });
      connection.writer.close(closes.internal);
      this.#options.services.subscriptions.leaveEverything(connection);
    } else this.#release(connection);
  }

  #release(connection: Connection): void {
    if (!this.#open.delete(connection.id)) return;
    this.#options.services.subscriptions.leaveEverything(connection);
    const { id: connectionId, writer } = connection;
    this.#options.logger.debug("transport-ws: connection close", { connectionId, code: writer.closeCode });
    this.#options.released();
  }
}
