// All sockets: accepts them, hands each validated message to its actor, tells the actors what the data plane finds, and
// releases everything of a socket that has gone, failed or been closed. Must never let one socket's end touch another.

import { randomUUID } from "node:crypto";
import type { AnyActorRef } from "xstate";
import { connectionMachine } from "../../machines/connection.ts";
import type { Action, Authoriser } from "../access/authoriser.ts";
import { countOf } from "../access/rate-limiter.ts";
import { Corker } from "../egress/cork.ts";
import { EgressCounters } from "../egress/counters.ts";
import type { Caller, Socket, SocketListener } from "../egress/socket.ts";
import { SocketWriter, type SocketWriterContext } from "../egress/socket-writer.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Logger } from "../ports/logger.ts";
import type { ClientMessage } from "../protocol/client-message.ts";
import { closes } from "../protocol/closes.ts";
import { cachedJson } from "../protocol/json-cache.ts";
import { type Parsed, parseMessage } from "../protocol/parse.ts";
import { type Refusal, refusals } from "../protocol/refusals.ts";
import { v1 } from "../protocol/subprotocol.ts";
import type { ActorRegistry } from "../runtime/actor-registry.ts";
import type { Clock } from "../runtime/clock.ts";
import type { DispatchQueue } from "../runtime/dispatch-queue.ts";
import { FairJobQueue, type Work } from "../runtime/fair-job-queue.ts";
import { shareInitialSnapshot } from "../runtime/shared-snapshot.ts";
import { refuse } from "./actions/replies.ts";
import type { Services } from "./actions/services.ts";
import { connectionActions } from "./actions.ts";
import { Connection } from "./connection.ts";
import { InboundQueue } from "./inbound-queue.ts";

export interface ConnectionsOptions {
  actors: ActorRegistry;
  parent: () => AnyActorRef;
  dispatchQueue: DispatchQueue;
  clock: Clock;
  limits: Limits;
  logger: Logger;
  services: () => Services;
  authoriser: Authoriser;
  /** The first message to every socket, encoded. */
  catalogFrame: () => Buffer;
  /** What comes before it on a v1 socket, encoded. */
  helloFrame: (connectionId: string) => Buffer;
  /** A socket has gone and nothing of it is left, however its actor ended. */
  released: () => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #machine: typeof connectionMachine;
  readonly #open = new Map<string, Connection>();
  readonly #writerContext: SocketWriterContext;
  readonly counters = new EgressCounters();
  readonly #longMessages: FairJobQueue;
  /** Of the newest socket. */
  serial = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { clock, limits } = options;
    this.#longMessages = new FairJobQueue(clock, limits);
    this.#writerContext = { clock, limits, corker: new Corker(clock), counters: this.counters };
    const actions = connectionActions((id) => this.#open.get(id), options.services);
    this.#machine = shareInitialSnapshot(connectionMachine.provide({ actions }), { connectionId: "" });
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

  /** Adopts a socket that ws has upgraded: its first message is the catalog (protocol 1.2), or hello (protocol 2). */
  accept(socket: Socket, { subprotocol, identity }: Caller): SocketListener {
    const { actors, parent, dispatchQueue, logger, catalogFrame, helloFrame } = this.#options;
    const options = { id: randomUUID(), serial: ++this.serial, identity, isV1: subprotocol === v1, dispatchQueue };
    const connection = new Connection(options, (owner) => new SocketWriter(socket, owner, this.#writerContext));
    this.#open.set(connection.id, connection);
    if (connection.isV1) connection.writer.control(helloFrame(connection.id));
    connection.writer.control(catalogFrame());
    connection.actor = actors.adopt({
      parent: parent(),
      kind: "connection",
      logic: this.#machine,
      input: { connectionId: connection.id },
      onEnd: (error) => this.#ended(connection, error),
    });
    logger.debug("transport-ws: connection open", { connectionId: connection.id });
    return new InboundQueue(connection, this);
  }

  /** The TCP connection is gone. */
  closed(connection: Connection): void {
    connection.writer.end();
    connection.actor?.send({ type: "socket.closed" });
    this.#release(connection);
  }

  /** Cuts every socket and releases what it held. */
  cutAll(): void {
    this.#longMessages.stop();
    for (const connection of [...this.#open.values()]) {
      connection.writer.cut();
      this.closed(connection);
    }
  }

  /** The sweep's round over all sockets. */
  readonly round = (now: number): boolean => {
    let unsentBytes = 0;
    for (const connection of this.#open.values()) {
      // Frames that many are given lie in memory once: only what those hold who are behind is held for long.
      if (connection.writer.isBehind(now)) unsentBytes += connection.writer.unsentBytes();
      const due = connection.writer.due(now);
      if (due) connection.tell(`socket.${due}`);
      // An actor that has failed cannot cut its socket any more.
      if (due === "overdue" && connection.actor?.getSnapshot().status !== "active") connection.writer.cut();
    }
    if (unsentBytes > this.#options.limits.allUnsentBytesMax) this.#giveUpSlowest(unsentBytes, now);
    return this.#open.size > 0;
  };

  /**
   * What the process holds for all sockets, for the one it holds most for, the events that the slowest lacks, and how
   * many long messages wait.
   */
  measure(): { unsentBytes: number; largestUnsentBytes: number; largestLag: number; longMessages: number } {
    const longMessages = this.#longMessages.waiting;
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

  /** Those who are behind are owed too much together: those who are owed most go first. */
  #giveUpSlowest(unsentBytes: number, now: number): void {
    const behind = [...this.#open.values()].filter(({ writer }) => writer.isBehind(now));
    const owed = behind.map(({ writer }) => ({ writer, bytes: writer.unsentBytes() }));
    owed.sort((a, b) => b.bytes - a.bytes);
    let rest = unsentBytes;
    for (const { writer, bytes } of owed) {
      if (rest <= this.#options.limits.allUnsentBytesMax) return;
      writer.giveUp();
      rest -= bytes;
    }
  }

  isLong(bytes: number): boolean {
    return bytes > this.#options.limits.messageBytesMax;
  }

  /** A long message: to read it, to write its text as JSON and to carry it out takes a few milliseconds each. */
  inSteps(connection: Connection, data: Buffer, done: () => void): Work {
    let parsed: Parsed | undefined;
    const read = (): void => {
      parsed = this.#read(connection, data);
    };
    const write = (): void => {
      if (parsed && "message" in parsed && parsed.message.type === "chat.send") cachedJson(parsed.message.message);
    };
    const carryOut = (): void => {
      if (parsed) this.#carryOut(connection, parsed, data.length);
    };
    const work = { steps: [read, write, carryOut, done], owner: connection.identity, bytes: data.length };
    this.#longMessages.add(work);
    return work;
  }

  /** Its sender has gone: it is dropped if it has not begun and too much waits already. */
  dropped(work: Work): boolean {
    return this.#longMessages.bytes > this.#options.limits.longMessagesBytesMax && this.#longMessages.cancel(work);
  }

  later(work: () => void): void {
    this.#options.clock.defer(work);
  }

  /** One WebSocket message has come. */
  message(connection: Connection, data: Buffer): void {
    const parsed = this.#read(connection, data);
    if (parsed) this.#carryOut(connection, parsed, data.length);
  }

  /** Undefined when it is heard no more. */
  #read(connection: Connection, data: Buffer): Parsed | undefined {
    connection.writer.heard();
    // One that floods has been told so often enough: it is about to be closed.
    if (connection.writer.ended || connection.floods) return undefined;
    return parseMessage(data, connection);
  }

  #carryOut(connection: Connection, parsed: Parsed, bytes: number): void {
    if (connection.writer.ended || connection.floods) return;
    const isRead = !this.isLong(bytes) && ("refusal" in parsed || reads.has(parsed.message.type));
    // While it sends more than is read, time does not count: a flood is one however slowly it is read.
    const afterMs = connection.pause(isRead, bytes, this.#options.limits);
    if (afterMs > 0) {
      this.#slowDown(connection, parsed, afterMs, isRead ? 1 : countOf(bytes, this.#options.limits));
      return;
    }
    if ("refusal" in parsed) {
      this.#refuse(connection, parsed);
      return;
    }
    const { message } = parsed;
    if (message.id !== undefined && connection.awaitsReply(message.id)) {
      const name = JSON.stringify(message.id);
      const problem = `the request ${name} waits for its reply: use another \`id\` until it has come`;
      refuse(connection, message, refusals.illegalState(problem));
      return;
    }
    const refused = this.#notAllowed(connection, message);
    if (refused) refuse(connection, message, refused);
    else connection.actor?.send(message);
  }

  /** A ping, or a pong that answers nothing: harmless now and then, and a flood like any other when there are many. */
  signOfLife(connection: Connection): void {
    if (connection.writer.ended || connection.floods) return;
    const afterMs = connection.pause(true, 0, this.#options.limits);
    if (afterMs > 0 && connection.floods) connection.tell("socket.flooding");
  }

  /** It asks faster than it may, and is closed when it does not care. */
  #slowDown(connection: Connection, parsed: Parsed, afterMs: number, count: number): void {
    const { message } = "message" in parsed ? parsed : {};
    const conversationId = message && "conversationId" in message ? message.conversationId : undefined;
    const id = "refusal" in parsed ? parsed.id : message?.id;
    refuse(connection, { id }, refusals.rateLimited(message?.type ?? "", afterMs, count, conversationId));
    if (connection.floods) connection.tell("socket.flooding");
  }

  /** May it, by its token and by the authorisation port? */
  #notAllowed({ identity }: Connection, message: ClientMessage): Refusal | undefined {
    const { authoriser } = this.#options;
    // One that is to be new has nothing yet that could be read.
    const isNew = message.type === "chat.send" && message.conversationId === undefined;
    for (const action of needs[message.type]) {
      if (isNew && action === "read") continue;
      const subject = {
        conversationId: "conversationId" in message ? message.conversationId : undefined,
        surfaceId: "surfaceId" in message ? message.surfaceId : undefined,
      };
      const problem = authoriser.refusal(identity, action, subject);
      if (problem !== undefined) return refusals.forbidden(message.type, problem, subject);
    }
    return undefined;
  }

  /** Ends the sockets of those who may not be here any more. */
  revoke(isGood: (identity: Identity) => boolean): void {
    for (const connection of this.#open.values()) if (!isGood(connection.identity)) connection.tell("access.ended");
  }

  #refuse(connection: Connection, { id, refusal }: Extract<Parsed, { refusal: unknown }>): void {
    const { reply } = refusal;
    if (reply.type === "chat.error" && reply.message.startsWith("chat.send")) {
      const { conversationId, message: reason } = reply;
      const fields = conversationId === undefined ? { reason } : { reason, conversationId };
      this.#options.logger.warn("transport-ws: malformed chat.send", fields);
    }
    refuse(connection, { id }, refusal);
  }

  /** The actor has reached its end, or has thrown: then the socket closes with 1011 and the others never notice. */
  #ended(connection: Connection, error: unknown): void {
    if (error !== undefined) {
      this.#options.logger.error("connection: defect", { connectionId: connection.id, error });
      connection.writer.close(closes.internal);
      this.#options.services().subscriptions.leaveEverything(connection);
    } else this.#release(connection);
  }

  #release(connection: Connection): void {
    if (!this.#open.delete(connection.id)) return;
    this.#options.services().subscriptions.leaveEverything(connection);
    const { id: connectionId, writer } = connection;
    this.#options.logger.debug("transport-ws: connection close", { connectionId, code: writer.closeCode });
    this.#options.released();
  }
}

/** What a request does; one that watches what it starts reads it as well. Leaving needs nothing. */
const needs: Record<ClientMessage["type"], readonly Action[]> = {
  subscribe: ["read"],
  unsubscribe: [],
  invoke: ["write"],
  "chat.send": ["write", "read"],
  "chat.subscribe": ["read"],
  "chat.unsubscribe": [],
  "chat.queue": ["write", "read"],
  "chat.queue.cancel": ["write"],
  "chat.cancel": ["write"],
  ping: [],
};

/** What makes nobody work, as nonsense does not. */
const reads: ReadonlySet<string> = new Set(["subscribe", "unsubscribe", "chat.subscribe", "chat.unsubscribe", "ping"]);
