// What happens to a message between the socket and its actor: it is parsed, held to the rate limit, held to what its
// sender may do, and sent to the actor. A message that is refused on the way has no effect.
import type { Action, Authoriser } from "../access/authoriser.ts";
import { countOf } from "../access/rate-limiter.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import type { ClientMessage } from "../protocol/client-message.ts";
import { cachedJson } from "../protocol/json-cache.ts";
import { MessageParser, type Parsed } from "../protocol/parse.ts";
import { type Refusal, refusals } from "../protocol/refusals.ts";
import type { Clock } from "../runtime/clock.ts";
import { FairJobQueue, type Job } from "../runtime/fair-job-queue.ts";
import { refuse } from "./actions/replies.ts";
import type { Connection } from "./connection.ts";

export interface RequestPipelineOptions {
  clock: Clock;
  limits: Limits;
  logger: Logger;
  authoriser: Authoriser;
  /** Is there no more than one socket? */
  isAlone: () => boolean;
}

export class RequestPipeline {
  readonly #options: RequestPipelineOptions;
  readonly #longMessages: FairJobQueue;
  readonly #parser: MessageParser;

  constructor(options: RequestPipelineOptions) {
    this.#options = options;
    this.#parser = new MessageParser(options.limits);
    this.#longMessages = new FairJobQueue(options.clock, options.limits, options.isAlone);
  }

  /** Long messages that have not begun. */
  get longMessagesWaiting(): number {
    return this.#longMessages.waiting;
  }

  /** What waits is not carried out any more. */
  stop(): void {
    this.#longMessages.stop();
  }

  isLong(bytes: number): boolean {
    return bytes > this.#options.limits.messageBytesMax;
  }

  /** A long message: to read it, to write its text as JSON and to carry it out takes a few milliseconds each. */
  inSteps(connection: Connection, data: Buffer, done: () => void): Job {
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
  dropped(work: Job): boolean {
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
    return this.#parser.parse(data, connection);
  }

  #carryOut(connection: Connection, parsed: Parsed, bytes: number): void {
    if (connection.writer.ended || connection.floods) return;
    const isRead = !this.isLong(bytes) && ("refusal" in parsed || reads.has(parsed.message.type));
    // While it sends more than is read, time does not count: a flood is one however slowly it is read.
    const afterMs = connection.pause(isRead ? "read" : "command", bytes, this.#options.limits);
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
    const afterMs = connection.pause("read", 0, this.#options.limits);
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
