// The oracle's idea of one socket: the requests on their way, what it watches, what it is owed and what has come. A
// request counts as handled when something proves it: the port was asked, a reply came, a pong came. Must never call
// two orders the same that a client can tell apart.
import { isRecord, type Message } from "../../support/client/transcript.ts";
import type { Said, SocketView, SurfaceWatchView, WatchView } from "../view.ts";
import type { OracleConversation } from "./conversation.ts";
import { OracleCursor } from "./cursor.ts";
import { type Request, refusalOf, refusalText, saidOf, shownIn, surfaceKey } from "./messages.ts";

/** What a socket must know of the rest. */
export interface World {
  sockets(): Iterable<OracleSocket>;
  conversation(conversationId: string): OracleConversation;
  hasSurface(surfaceId: string): boolean;
  /** Did the surface's provider fail with these words? */
  hasFailedWith(key: string, reason: string): boolean;
  /** Are they said once? */
  isOnce(reason: string): boolean;
  /** Something happened that the contract rules out and that no client can see. */
  fault(what: string): void;
}

/** A request on its way. */
export interface Posted {
  readonly request: Request;
  /** The time of its conversation when it was posted. */
  readonly at: number;
  /** How many pings were posted before. */
  readonly pings: number;
  /** The port was asked for just this, perhaps by another socket. */
  isAnswered: boolean;
}

/** A subscription that was ended is over for the client when the pong comes that was asked for right after. */
interface Subscription {
  pongOfEnd: number | undefined;
}

type Written<View> = { -readonly [field in keyof View]: View[field] };
type Watch = Subscription &
  Omit<Written<WatchView>, "received"> & { readonly received: Said[]; readonly cursor: OracleCursor };
type SurfaceWatch = Subscription &
  Omit<Written<SurfaceWatchView>, "received"> & {
    readonly received: SurfaceWatchView["received"][number][];
    readonly failures: Set<string>;
  };

export class OracleSocket implements SocketView {
  readonly name: string;
  isOpen = true;
  isReading = true;
  readonly watches: Watch[] = [];
  readonly surfaces: SurfaceWatch[] = [];
  readonly refusals: { readonly owed: string[]; readonly received: string[] } = { owed: [], received: [] };
  readonly news: { readonly from: number; readonly received: string[] };
  readonly strays: string[] = [];
  /** Requests whose handling nothing has proved yet, oldest first: a socket's requests are handled in order. */
  readonly #posted: Posted[] = [];
  readonly #world: World;
  #pings = 0;
  #pongs = 0;

  constructor(name: string, newsSoFar: number, world: World) {
    this.name = name;
    this.news = { from: newsSoFar, received: [] };
    this.#world = world;
  }

  // ── what it asks for ────────────────────────────────────────────────────────────────────────────────────────────

  posts(request: Request): void {
    const at = "conversationId" in request ? this.#world.conversation(request.conversationId ?? "").now : 0;
    this.#posted.push({ request, at, pings: this.#pings, isAnswered: false });
    if (request.type === "ping") this.#pings++;
  }

  /** The requests on their way that fit. */
  posted(fits: (request: Request) => boolean): Posted[] {
    return this.#posted.filter(({ request }) => fits(request));
  }

  /** The port is being asked for this: what was posted before it has been handled, and so will this be. */
  reaches(posted: Posted): void {
    while (this.#posted[0] !== posted && this.#posted.length > 0) this.#handleNext();
    this.#posted.shift();
  }

  watching(conversationId: string): Watch | undefined {
    return this.watches.find((watch) => watch.conversationId === conversationId && watch.to === undefined);
  }

  /** Again for the same conversation: nothing happens. */
  watch(conversationId: string, from: number[]): void {
    if (this.watching(conversationId)) return;
    const state = { from, to: undefined, liveFrom: undefined, pongOfEnd: undefined };
    this.watches.push({ conversationId, ...state, received: [], cursor: new OracleCursor() });
  }

  owe(refusal: string): void {
    this.refusals.owed.push(refusal);
  }

  /** Everything has come, and it reads: from here on it is live. */
  hasCaughtUp(): void {
    for (const watch of this.watches) watch.liveFrom ??= this.#world.conversation(watch.conversationId).now;
  }

  /** It does not read, or was given much at once: what it gets may come joined (protocol 1.5.1). */
  mayLag(): void {
    for (const watch of this.watches) watch.liveFrom = undefined;
  }

  /** The oldest request on its way was handled at some time since it was posted. */
  #handleNext(): void {
    const posted = this.#posted.shift();
    if (!posted) return;
    const { request } = posted;
    switch (request.type) {
      case "chat.subscribe":
        this.watch(request.conversationId, this.#world.conversation(request.conversationId).beginningsSince(posted.at));
        return;
      case "chat.unsubscribe": {
        const watch = this.watching(request.conversationId);
        if (!watch) return;
        watch.to = this.#world.conversation(request.conversationId).now;
        watch.pongOfEnd = posted.pings + 1;
        return;
      }
      case "subscribe":
        this.#watchSurface(request.surfaceId, request.conversationId);
        return;
      case "unsubscribe": {
        const watch = this.#watchingSurface(surfaceKey(request.surfaceId, request.conversationId));
        if (!watch) return;
        watch.isWatching = false;
        watch.pongOfEnd = posted.pings + 1;
        return;
      }
      case "malformed":
        this.owe(request.refusal);
        return;
      case "ping":
        return;
      default:
        if (!posted.isAnswered && this.#mustReachPort(posted))
          this.#world.fault(`the port was never asked for ${JSON.stringify(request)} of ${this.name}`);
    }
  }

  /** All chat requests do, but a cancel of a turn that was not running all the time. */
  #mustReachPort({ request, at }: Posted): boolean {
    if (request.type !== "chat.cancel" || request.turnId === undefined) return true;
    const { emitted, runningTurnId } = this.#world.conversation(request.conversationId);
    return request.turnId === runningTurnId && emitted[at - 1]?.turnId === runningTurnId;
  }

  #watchingSurface(key: string): SurfaceWatch | undefined {
    return this.surfaces.find((watch) => watch.key === key && watch.isWatching);
  }

  #watchSurface(surfaceId: string, conversationId: string | undefined): void {
    const key = surfaceKey(surfaceId, conversationId);
    if (!this.#world.hasSurface(surfaceId)) {
      this.owe(refusalText("error", key, `Unknown surface: ${surfaceId}`));
      return;
    }
    const watch = this.#watchingSurface(key);
    if (watch) watch.asked++;
    else
      this.surfaces.push({ key, isWatching: true, asked: 1, pongOfEnd: undefined, received: [], failures: new Set() });
  }

  /** What has come proves that a request was handled: the oldest that fits, and all before it. */
  #prove(fits: (request: Request) => boolean): boolean {
    const proven = this.#posted.find(({ request }) => fits(request));
    if (!proven) return false;
    while (this.#posted.includes(proven)) this.#handleNext();
    return true;
  }

  // ── what comes ──────────────────────────────────────────────────────────────────────────────────────────────────

  receives(message: Message): void {
    switch (message.type) {
      case "catalog":
        return;
      case "pong":
        this.#pongs++;
        if (this.#pongs > this.#pings) this.strays.push("a pong");
        while ((this.#posted[0]?.pings ?? this.#pongs) < this.#pongs) this.#handleNext();
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
        this.news.received.push(JSON.stringify(message));
        return;
      default:
        this.strays.push(JSON.stringify(message));
    }
  }

  /** Is what comes now part of this subscription, or has the client seen the end of it? */
  #isHeard({ pongOfEnd }: Subscription): boolean {
    return pongOfEnd === undefined || this.#pongs < pongOfEnd;
  }

  #heardSurface(key: string): SurfaceWatch | undefined {
    return this.surfaces.find((watch) => watch.key === key && this.#isHeard(watch));
  }

  #hears(message: Message): void {
    const { event } = message;
    if (!isRecord(event)) return;
    const { type, conversationId, turnId } = event;
    if (typeof type !== "string" || typeof conversationId !== "string" || typeof turnId !== "string") return;
    const isSubscribe = (one: Request): boolean =>
      one.type === "chat.subscribe" && one.conversationId === conversationId;
    const hearing = (): Watch | undefined =>
      this.watches.find((watch) => watch.conversationId === conversationId && this.#isHeard(watch));
    if (!hearing()) this.#prove(isSubscribe);
    const watch = hearing();
    if (!watch) {
      this.strays.push(`a ${type} of ${conversationId}`);
      return;
    }
    watch.received.push(saidOf({ ...event, type, turnId }));
    const problem = watch.cursor.advance(message);
    if (problem !== undefined) this.strays.push(`${problem} (${type} of ${conversationId})`);
  }

  #isShown(kind: "surface" | "update", message: Message): void {
    const shown = shownIn(message);
    if (!shown) {
      this.strays.push(JSON.stringify(message));
      return;
    }
    const { key, version } = shown;
    const before = this.#heardSurface(key);
    const surfacesSeen = before?.received.filter((one) => one.kind === "surface").length ?? 0;
    const isOneMore = before?.isWatching === true && kind === "surface" && surfacesSeen === before.asked;
    if (!before || isOneMore) this.#prove(asksForSurface(key));
    const watch = this.#heardSurface(key);
    if (watch) watch.received.push({ kind, version });
    else this.strays.push(`${kind} ${version} of ${key}`);
  }

  /** A refusal; or the words of a surface that fails, which its watchers hear once each time. */
  #isRefused(message: Message): void {
    const { surfaceId, conversationId } = message;
    const key = surfaceKey(String(surfaceId), typeof conversationId === "string" ? conversationId : undefined);
    const reason = String(message["message"]);
    if (typeof surfaceId !== "string" || !this.#world.hasFailedWith(key, reason)) {
      const isNext = (): boolean => this.refusals.received.length < this.refusals.owed.length;
      while (!isNext() && this.#posted.length > 0) this.#handleNext();
      this.refusals.received.push(refusalOf(message));
      return;
    }
    if (!this.#heardSurface(key)) this.#prove(asksForSurface(key));
    const watch = this.#heardSurface(key);
    if (!watch || watch.failures.has(reason)) this.strays.push(`${reason} of ${key}`);
    if (this.#world.isOnce(reason)) watch?.failures.add(reason);
  }
}

const asksForSurface =
  (key: string) =>
  (request: Request): boolean =>
    request.type === "subscribe" && surfaceKey(request.surfaceId, request.conversationId) === key;
