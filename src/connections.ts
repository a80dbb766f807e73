// All sockets: accepts them, hands each validated message to its actor, tells the actors what the data plane finds, and
// releases everything of a socket that has gone, failed or been closed. Must never let one socket's end touch another.
import { randomUUID } from "node:crypto";
import type { AnyActorRef } from "xstate";
import { connectionMachine } from "../machines/connection.ts";
import type { Clock } from "./clock.ts";
import { closes } from "./closes.ts";
import { Connection } from "./connection.ts";
import { connectionActions, type Services } from "./connection-actions.ts";
import type { Facts } from "./facts.ts";
import { encodeMessage } from "./frame.ts";
import type { Limits } from "./limits.ts";
import { Outlet, type Socket } from "./outlet.ts";
import type { Logger } from "./ports/logger.ts";
import { parseMessage } from "./protocol/parse.ts";
import type { Registry } from "./registry.ts";

/** What the transport tells of one socket. */
export interface SocketListener {
  message(data: Buffer): void;
  pong(payload: string): void;
  /** The peer broke the protocol and ws is closing the socket with the RFC's code. */
  broken(): void;
  closed(): void;
}

export interface ConnectionsOptions {
  actors: Registry;
  parent: () => AnyActorRef;
  facts: Facts;
  clock: Clock;
  limits: Limits;
  logger: Logger;
  services: () => Services;
  /** The first message to every socket, encoded. */
  catalogFrame: () => Buffer;
  /** A socket has gone and nothing of it is left, however its actor ended. */
  released: () => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #machine: typeof connectionMachine;
  readonly #open = new Map<string, Connection>();
  /** Of the newest socket. */
  serial = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#machine = connectionMachine.provide({
      actions: connectionActions((id) => this.#open.get(id), options.services),
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

  /** Adopts a socket that ws has upgraded: its first message is the catalog (protocol 1.2). */
  accept(socket: Socket): SocketListener {
    const { actors, parent, facts, clock, limits, logger, catalogFrame } = this.#options;
    const outlet: Outlet = new Outlet(
      socket,
      {
        congested: () => connection.tell("socket.congested"),
        drained: () => connection.tell("socket.drained"),
        stuck: () => connection.tell("socket.stuck"),
      },
      clock,
      limits,
    );
    const connection = new Connection(randomUUID(), ++this.serial, outlet, facts);
    this.#open.set(connection.id, connection);
    outlet.control(catalogFrame());
    connection.actor = actors.adopt({
      parent: parent(),
      kind: "connection",
      logic: this.#machine,
      input: { connectionId: connection.id },
      onEnd: (error) => this.#ended(connection, error),
    });
    logger.debug("transport-ws: connection open", { connectionId: connection.id });
    return {
      message: (data) => this.#message(connection, data),
      pong: (payload) => outlet.receipt(payload),
      broken: () => {
        outlet.end();
        connection.actor?.send({ type: "socket.broken" });
      },
      closed: () => {
        outlet.end();
        connection.actor?.send({ type: "socket.closed" });
        this.#release(connection);
      },
    };
  }

  /** Cuts every socket and releases what it held. */
  cutAll(): void {
    for (const connection of [...this.#open.values()]) {
      connection.outlet.cut();
      connection.actor?.send({ type: "socket.closed" });
      this.#release(connection);
    }
  }

  /** The sweep's round over all sockets. */
  readonly round = (now: number): boolean => {
    for (const connection of this.#open.values()) {
      const due = connection.outlet.due(now);
      if (due) connection.tell(`socket.${due}`);
      // An actor that has failed cannot cut its socket any more.
      if (due === "overdue" && connection.actor?.getSnapshot().status !== "active") connection.outlet.cut();
    }
    return this.#open.size > 0;
  };

  #message(connection: Connection, data: Buffer): void {
    const { outlet, actor } = connection;
    outlet.heard();
    if (outlet.ended) return;
    const parsed = parseMessage(data);
    if ("message" in parsed) {
      actor?.send(parsed.message);
      return;
    }
    const { reply } = parsed.refusal;
    if (reply.type === "chat.error" && reply.message.startsWith("chat.send")) {
      const { conversationId, message: reason } = reply;
      const fields = conversationId === undefined ? { reason } : { reason, conversationId };
      this.#options.logger.warn("transport-ws: malformed chat.send", fields);
    }
    outlet.control(encodeMessage(reply));
  }

  /** The actor has reached its end, or has thrown: then the socket closes with 1011 and the others never notice. */
  #ended(connection: Connection, error: unknown): void {
    if (error !== undefined) {
      this.#options.logger.error("connection: defect", { connectionId: connection.id, error });
      connection.outlet.close(closes.internal);
      this.#options.services().subscriptions.leaveEverything(connection);
    } else this.#release(connection);
  }

  #release(connection: Connection): void {
    if (!this.#open.delete(connection.id)) return;
    this.#options.services().subscriptions.leaveEverything(connection);
    const { id: connectionId, outlet } = connection;
    this.#options.logger.debug("transport-ws: connection close", { connectionId, code: outlet.closeCode });
    this.#options.released();
  }
}
