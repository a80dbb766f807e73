// The oracle's model of one socket: its requests, its watches, the messages that it must get, and those that came. Must
// never treat two orders as equal if a client can tell them apart.
import type { Message } from "../../support/client/transcript.ts";
import type { SocketView } from "../view.ts";
import { eventIn, OracleChatWatches, type Watch } from "./chat-watches.ts";
import { type Request, refusalOf, refusalText, shownIn, surfaceKey } from "./messages.ts";
import type { Ending, Posted } from "./posted.ts";
import { type Answer, OracleReplies } from "./replies.ts";
import { OracleRequests } from "./requests.ts";
import { isInShape } from "./shapes.ts";
import { OracleSurfaceWatches } from "./surface-watches.ts";
import type { World } from "./world.ts";

export interface SocketOptions {
  /** Whether the socket has chosen the subprotocol turnwire.v1. */
  isV1: boolean;
  /** A new socket must get the greeting messages first. */
  isNew: boolean;
}

export class OracleSocket implements SocketView {
  readonly name: string;
  readonly isV1: boolean;
  isOpen = true;
  isReading = true;
  readonly refusals: { readonly owed: string[]; readonly received: string[] } = { owed: [], received: [] };
  readonly replies = new OracleReplies();
  readonly broadcast: { readonly from: number; readonly received: string[] };
  readonly strays: string[] = [];
  readonly chats: OracleChatWatches;
  readonly surfaceWatches: OracleSurfaceWatches;
  /** The requests that are not yet proved to be handled. */
  readonly requests: OracleRequests;
  readonly #world: World;
  /** The messages that every new socket must get first (protocol 1.2, 2). */
  readonly #greetings: string[];
  #pongs = 0;

  constructor(name: string, broadcastsSoFar: number, world: World, { isV1, isNew }: SocketOptions) {
    this.name = name;
    this.isV1 = isV1;
    this.broadcast = { from: broadcastsSoFar, received: [] };
    this.#world = world;
    this.#greetings = isNew ? [...(isV1 ? ["hello"] : []), "catalog"] : [];
    const isHeard = (ending: Ending | undefined): boolean =>
      ending === undefined ||
      (this.#pongs < ending.pong && (ending.id === undefined || !this.replies.hasCome(ending.id)));
    this.chats = new OracleChatWatches(world.conversation, isHeard);
    this.surfaceWatches = new OracleSurfaceWatches(isHeard);
    this.requests = new OracleRequests(world, this);
  }

  get watches(): readonly Watch[] {
    return this.chats.all;
  }

  get surfaces(): SocketView["surfaces"] {
    return this.surfaceWatches.all;
  }

  get verdicts(): OracleChatWatches["verdicts"] {
    return this.chats.verdicts;
  }

  // ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────

  posts(request: Request): void {
    this.requests.posts(request);
  }

  /** Expects one of these answers. A request with an id gets a reply. Without an id only a refusal is sent. */
  owe({ request: { id } }: Posted, answers: readonly Answer[]): void {
    const [first] = answers;
    if (id !== undefined) this.replies.owe(id, answers);
    else if (first?.ok === false) this.refusals.owed.push(refusalText(first.refused));
  }

  /** The socket reads and has received everything: its watches are live from here on. */
  hasCaughtUp(): void {
    for (const watch of this.watches) watch.liveFrom ??= this.#world.conversation(watch.conversationId).now;
  }

  /** The socket does not read, or was sent many bytes at once: deltas may come joined (protocol 1.5.1). */
  mayLag(): void {
    for (const watch of this.watches) watch.liveFrom = undefined;
  }

  // ── received messages ───────────────────────────────────────────────────────────────────────────────────────────

  receives(message: Message): void {
    const due = this.#greetings.shift();
    const isGreeting = message.type === "hello" || due !== undefined;
    if (!isInShape(message, this.isV1) || (isGreeting && message.type !== due)) {
      this.strays.push(JSON.stringify(message));
      return;
    }
    switch (message.type) {
      case "pong":
        this.#pongs++;
        if (this.#pongs > this.requests.pings) this.strays.push("a pong");
        this.requests.provePings(this.#pongs);
        return;
      case "reply":
        this.#isReplied(message);
        return;
      case "chat.subscribed":
        this.#isJudged(message);
        return;
      case "chat.delta":
        this.#hears(message);
        return;
      case "surface":
      case "update":
        this.#isShown(message.type, message);
        return;
      case "error":
      case "chat.error":
        this.#isRefused(message);
        return;
      case "conversation.open":
      case "conversation.statusChanged":
      case "conversation.compacted":
        this.broadcast.received.push(JSON.stringify(message));
    }
  }

  #isReplied(message: Message): void {
    const { id, text } = this.replies.receives(message);
    if (!this.replies.isOwed(id)) this.requests.prove((request) => request.id === id, text);
  }

  #isJudged(message: Message): void {
    const conversationId = String(message["conversationId"]);
    if (!this.chats.isOwedVerdict(conversationId)) this.requests.prove(subscribesTo(conversationId));
    this.chats.receivesVerdict(message);
  }

  #hears(message: Message): void {
    const event = eventIn(message);
    if (!event) {
      this.strays.push(JSON.stringify(message));
      return;
    }
    const { type, conversationId, turnId } = event;
    if (this.replies.mustPrecede(turnId))
      this.strays.push(`a ${type} of ${turnId}, before the reply to its chat.send,`);
    if (!this.chats.hearing(conversationId)) this.requests.prove(subscribesTo(conversationId));
    this.#stray(this.chats.hears(message, event, conversationId));
  }

  #isShown(kind: "surface" | "update", message: Message): void {
    const shown = shownIn(message);
    if (!shown) {
      this.strays.push(JSON.stringify(message));
      return;
    }
    const { key, version } = shown;
    if (!this.surfaceWatches.isExpected(key, kind)) this.requests.prove(asksForSurface(key));
    this.#stray(this.surfaceWatches.isShown(key, kind, version));
  }

  /** A refusal, or the message of a surface's failure, which each watcher gets once per failure. */
  #isRefused(message: Message): void {
    const { surfaceId, conversationId } = message;
    const key = surfaceKey(String(surfaceId), typeof conversationId === "string" ? conversationId : undefined);
    const reason = String(message["message"]);
    if (typeof surfaceId !== "string" || !this.#world.hasFailedWith(key, reason)) {
      const isNext = (): boolean => this.refusals.received.length < this.refusals.owed.length;
      this.requests.proveUntil(isNext);
      this.refusals.received.push(refusalOf(message));
      return;
    }
    if (!this.surfaceWatches.isExpected(key, "failure")) this.requests.prove(asksForSurface(key));
    this.#stray(this.surfaceWatches.isTold(key, reason, this.#world.isOnce(reason)));
  }

  #stray(problem: string | undefined): void {
    if (problem !== undefined) this.strays.push(problem);
  }
}

const subscribesTo =
  (conversationId: string) =>
  (request: Request): boolean =>
    request.type === "chat.subscribe" && request.conversationId === conversationId;

const asksForSurface =
  (key: string) =>
  (request: Request): boolean =>
    request.type === "subscribe" && surfaceKey(request.surfaceId, request.conversationId) === key;
