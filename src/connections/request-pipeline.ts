// Every message on its way from the socket to the connection's actor: parse, rate limit, authorise, dispatch.
// A message that is refused on the way has no effect.
import type { Action, Authoriser } from "../access/authoriser.ts";
import { countOf } from "../access/rate-limiter.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { ClientMessage } from "../protocol/client-message.ts";
import { cachedJson } from "../protocol/json-cache.ts";
import { MessageParser, type Parsed } from "../protocol/parse.ts";
import { type Refusal, refusals } from "../protocol/refusals.ts";
import type { Clock } from "../runtime/clock.ts";
import type { FairJobQueue, Job } from "../runtime/fair-job-queue.ts";
import { refuse } from "./actions/replies.ts";
import type { Connection } from "./connection.ts";

export interface RequestPipelineOptions {
  clock: Clock;
  limits: Limits;
  logger: Logger;
  authoriser: Authoriser;
  longMessages: FairJobQueue;
}

export class RequestPipeline {
  readonly #options: RequestPipelineOptions;
  readonly #parser: MessageParser;

  constructor(options: RequestPipelineOptions) {
    this.#options = options;
    this.#parser = new MessageParser(options.limits);
  }

  isLong(bytes: number): boolean {
    return bytes > this.#options.limits.messageBytesMax;
  }

  /** Processes a long message in steps: parsing it, encoding its text and dispatching it take a few ms each. */
  processLong(connection: Connection, data: Buffer, done: () => void): Job {
    let parsed: Parsed | undefined;
    const read = (): void => {
      parsed = this.#read(connection, data);
    };
    const write = (): void => {
      if (parsed && "message" in parsed && parsed.message.type === "chat.send") cachedJson(parsed.message.message);
    };
    const dispatch = (): void => {
      if (parsed) this.#dispatch(connection, parsed, data.length);
    };
    const work = { steps: [read, write, dispatch, done], owner: connection.identity, bytes: data.length };
    this.#options.longMessages.add(work);
    return work;
  }

  /** Call when the sender has gone. Drops the message if it has not begun and too many bytes wait. */
  dropIfCrowded(work: Job): boolean {
    const { longMessages, limits } = this.#options;
    return longMessages.bytes > limits.longMessagesBytesMax && longMessages.cancel(work);
  }

  defer(work: () => void): void {
    this.#options.clock.defer(work);
  }

  message(connection: Connection, data: Buffer): void {
    const parsed = this.#read(connection, data);
    if (parsed) this.#dispatch(connection, parsed, data.length);
  }

  /** Undefined when the socket is closing or about to be closed for flooding. */
  #read(connection: Connection, data: Buffer): Parsed | undefined {
    connection.writer.heard();
    if (connection.writer.ended || connection.floods) return undefined;
    return this.#parser.parse(data, connection.isV1);
  }

  #dispatch(connection: Connection, parsed: Parsed, bytes: number): void {
    if (connection.writer.ended || connection.floods) return;
    const isRead = !this.isLong(bytes) && ("refusal" in parsed || reads.has(parsed.message.type));
    // While a peer sends faster than it is read, its rate buckets do not refill: slow reading must not hide a flood.
    const afterMs = connection.pause(isRead ? "read" : "command", bytes, this.#options.limits);
    if (afterMs > 0) {
      this.#refuseTooFast(connection, parsed, afterMs, isRead ? 1 : countOf(bytes, this.#options.limits));
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

  /** A ping, or a pong that answers no ping of ours. They count as reads, so many of them are a flood too. */
  unsolicited(connection: Connection): void {
    if (connection.writer.ended || connection.floods) return;
    const afterMs = connection.pause("read", 0, this.#options.limits);
    if (afterMs > 0 && connection.floods) connection.tell("socket.flooding");
  }

  /** Refuses a request over the rate limit. A client that ignores the refusals is closed. */
  #refuseTooFast(connection: Connection, parsed: Parsed, afterMs: number, count: number): void {
    const { message } = "message" in parsed ? parsed : {};
    const conversationId = message && "conversationId" in message ? message.conversationId : undefined;
    const id = "refusal" in parsed ? parsed.id : message?.id;
    refuse(connection, { id }, refusals.rateLimited(message?.type ?? "", afterMs, count, conversationId));
    if (connection.floods) connection.tell("socket.flooding");
  }

  /** The refusal when the token's scope or the authorisation port forbids the request. */
  #notAllowed({ identity }: Connection, message: ClientMessage): Refusal | undefined {
    const { authoriser } = this.#options;
    // A new conversation has no content yet, so creating one needs no read access.
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

  #refuse(connection: Connection, { id, refusal }: Extract<Parsed, { refusal: unknown }>): void {
    const { reply } = refusal;
    if (reply.type === "chat.error" && reply.message.startsWith("chat.send")) {
      const { conversationId, message: reason } = reply;
      const fields = conversationId === undefined ? { reason } : { reason, conversationId };
      this.#options.logger.warn("transport-ws: malformed chat.send", fields);
    }
    refuse(connection, { id }, refusal);
  }
}

/** The permissions that each request needs. A request that subscribes its sender also reads. Unsubscribing is free. */
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

/** Requests that cost next to nothing; invalid ones are counted with them. */
const reads: ReadonlySet<string> = new Set(["subscribe", "unsubscribe", "chat.subscribe", "chat.unsubscribe", "ping"]);
