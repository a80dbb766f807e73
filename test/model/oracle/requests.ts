// The pending requests of one socket, and the effect of each once a port call, a reply or a pong proves that the
// request was handled. A socket's requests are handled in order. Must never guess the moment: the request may have been
// handled at any moment since it was posted.
import type { OracleChatWatches } from "./chat-watches.ts";
import { type KeyableRequest, type Request, surfaceKey } from "./messages.ts";
import { endingOf, type Outcome, type Posted } from "./posted.ts";
import { unknownSurface } from "./refusals.ts";
import { type Answer, refusal, replyText, success } from "./replies.ts";
import type { OracleSurfaceWatches } from "./surface-watches.ts";
import type { World } from "./world.ts";

/** The parts of a socket that its requests change. */
export interface Requester {
  readonly name: string;
  readonly isV1: boolean;
  readonly chats: OracleChatWatches;
  readonly surfaceWatches: OracleSurfaceWatches;
  owe(posted: Posted, answers: readonly Answer[]): void;
}

export class OracleRequests {
  readonly #world: World;
  readonly #socket: Requester;
  /** Requests that are not yet proved to be handled, oldest first. */
  readonly #posted: Posted[] = [];
  #pings = 0;

  constructor(world: World, socket: Requester) {
    this.#world = world;
    this.#socket = socket;
  }

  /** How many pings were posted. */
  get pings(): number {
    return this.#pings;
  }

  posts(request: Request): void {
    const at = "conversationId" in request ? this.#world.conversation(request.conversationId ?? "").now : 0;
    this.#posted.push({ request: this.#socket.isV1 ? request : asBase(request), at, pings: this.#pings, outcomes: [] });
    if (request.type === "ping") this.#pings++;
  }

  /** The pending requests that fit. */
  thatFit(fits: (request: Request) => boolean): Posted[] {
    return this.#posted.filter(({ request }) => fits(request));
  }

  /** Whether the last pending request fits. */
  isLast(fits: (request: Request) => boolean): boolean {
    const last = this.#posted.at(-1);
    return last !== undefined && fits(last.request);
  }

  /** The port is called for this request: it is handled now, and every request before it has been handled. */
  reaches(posted: Posted): void {
    while (this.#posted[0] !== posted && this.#posted.length > 0) this.#handleNext();
    this.#posted.shift();
  }

  /** A received message proves that the oldest request that fits was handled, and all requests before it. */
  prove(fits: (request: Request) => boolean, reply?: string): void {
    const proven = this.#posted.find(({ request }) => fits(request));
    if (!proven) return;
    while (this.#posted[0] !== proven) this.#handleNext();
    this.#handleNext(reply);
  }

  /** This many pongs have come, so every request up to the last answered ping was handled. */
  provePings(pongs: number): void {
    while ((this.#posted[0]?.pings ?? pongs) < pongs) this.#handleNext();
  }

  /** Counts requests as handled, oldest first, until `isEnough` holds. */
  proveUntil(isEnough: () => boolean): void {
    while (!isEnough() && this.#posted.length > 0) this.#handleNext();
  }

  /**
   * Applies the oldest pending request, handled at some moment since it was posted. `reply`: the reply that proves it.
   */
  #handleNext(reply?: string): void {
    const posted = this.#posted.shift();
    if (!posted) return;
    const { request, at } = posted;
    switch (request.type) {
      case "chat.subscribe":
        if (this.#socket.isV1) this.#socket.chats.beginWithVerdict(request, at);
        else this.#socket.chats.begin(request.conversationId, this.#beginnings(request, at));
        break;
      case "chat.unsubscribe":
        this.#socket.chats.end(request.conversationId, endingOf(posted));
        break;
      case "subscribe": {
        const key = surfaceKey(request.surfaceId, request.conversationId);
        const isKnown = this.#world.hasSurface(request.surfaceId);
        if (isKnown) this.#socket.surfaceWatches.begin(key);
        this.#socket.owe(posted, [isKnown ? success() : refusal(unknownSurface(request.surfaceId, key))]);
        return;
      }
      case "unsubscribe":
        this.#socket.surfaceWatches.end(surfaceKey(request.surfaceId, request.conversationId), endingOf(posted));
        break;
      case "malformed":
        this.#socket.owe(posted, [refusal(request.refusal)]);
        return;
      case "ping":
        break;
      case "chat.send":
      case "chat.queue":
        this.#handleText(posted, request, reply);
        return;
      default:
        this.#handleCancel(posted);
        return;
    }
    this.#socket.owe(posted, [success()]);
  }

  #beginnings({ conversationId }: { conversationId: string }, since: number): number[] {
    return this.#world.conversation(conversationId).beginningsSince(since);
  }

  /**
   * Applies a text for which no port call is certain: a call may belong to an equal request, or the key has answered.
   */
  #handleText(posted: Posted, request: KeyableRequest, reply: string | undefined): void {
    const recalled = this.#world.keys.recall(request);
    const outcomes: Outcome[] = recalled ? [...posted.outcomes, recalled] : posted.outcomes;
    if (outcomes.length === 0) this.#neverAsked(request);
    const fits = ({ answers }: Outcome): boolean => answers.some((answer) => replyText(answer) === reply);
    const isWatching = outcomes.find(fits)?.watches ?? outcomes.every(({ watches }) => watches);
    if (outcomes.length > 0 && isWatching)
      this.#socket.chats.begin(request.conversationId, this.#beginnings(request, posted.at));
    if (recalled) this.#world.tally[recalled.isOther ? "others" : "repeats"]++;
    this.#socket.owe(
      posted,
      outcomes.flatMap(({ answers }) => answers),
    );
  }

  /** Every cancel reaches the port, except one for a turn that has not been running since the cancel was posted. */
  #handleCancel(posted: Posted): void {
    const { request, at, outcomes } = posted;
    const answers = outcomes.flatMap((outcome) => outcome.answers);
    const isOfTurn = request.type === "chat.cancel" && request.turnId !== undefined;
    if (isOfTurn) {
      const { emitted, runningTurnId, acceptedTurnId } = this.#world.conversation(request.conversationId);
      const isRunning = request.turnId === runningTurnId && emitted[at - 1]?.turnId === runningTurnId;
      // Or the turn was accepted and has emitted no event yet: its id was known when this request was posted.
      const isMeant = isRunning || request.turnId === acceptedTurnId;
      if (!isMeant) answers.push(success({ cancelled: false }));
    }
    if (answers.length === 0) this.#neverAsked(request);
    this.#socket.owe(posted, answers);
  }

  #neverAsked(request: Request): void {
    this.#world.fault(`the port was never asked for ${JSON.stringify(request)} of ${this.#socket.name}`);
  }
}

/** The request as the server reads it on a base socket: the fields of turnwire.v1 mean nothing there. */
function asBase(request: Request): Request {
  const { id: _, ...base } = request;
  if (base.type === "chat.subscribe") delete base.after;
  if (base.type === "chat.send" || base.type === "chat.queue") delete base.idempotencyKey;
  return base;
}
