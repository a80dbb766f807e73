// An in-memory model of the wire contract. Tests report to it the requests of clients, the calls and answers at the
// ports, the events of agents and surfaces, and the messages that each socket receives. The oracle predicts what each
// client must see and which refusals it must get. It has no sockets, no clock and no state machines, and must never use
// the server's internals.
//
// The oracle knows time only through causes. After a request is posted, something later proves that the server has
// handled it. A call at the port gives the exact moment. A reply or a pong only proves that the request was handled
// since it was posted, so the oracle allows every moment in between. Clients may therefore send at the same time, and
// every order that the contract leaves open is accepted.
import type { Message } from "../support/client/transcript.ts";
import { brokenPromises } from "./invariants.ts";
import { OracleConversation } from "./oracle/conversation.ts";
import { OracleKeys } from "./oracle/keys.ts";
import { type KeyableRequest, type Request, saidOf } from "./oracle/messages.ts";
import { OraclePort } from "./oracle/port.ts";
import { OracleSocket, type SocketOptions } from "./oracle/socket.ts";
import type { Tally, World } from "./oracle/world.ts";
import type { SurfaceView, View } from "./view.ts";

export interface OracleOptions {
  /** The surfaces in the catalog. */
  surfaceIds: readonly string[];
  /** A client that is sent more bytes than this at once may count as a slow reader. */
  bytesAtOnceMax: number;
  /** Whether the port may refuse at the moment for reasons of its own, such as a toggle or a failing store. */
  mayRefuse?: () => boolean;
}

/** Estimated bytes of a message besides its text. Rather too high than too low. */
const messageBytes = 300;

interface OracleSurface extends SurfaceView {
  newest: number;
  isFailing: boolean;
  readonly failures: Set<string>;
}

export class Oracle {
  /** Violations that the view does not show: at the ports, or a socket that was closed without cause. */
  readonly faults: string[] = [];
  readonly broadcast: string[] = [];
  /** Records the server's calls to the orchestrator and their answers. */
  readonly port: OraclePort;
  readonly #tally: Tally = { repeats: 0, others: 0 };
  readonly #surfaceIds: ReadonlySet<string>;
  readonly #bytesAtOnceMax: number;
  readonly #conversations = new Map<string, OracleConversation>();
  readonly #sockets = new Map<string, OracleSocket>();
  readonly #surfaces = new Map<string, OracleSurface>();
  #bytes = 0;
  readonly #world: World = {
    keys: new OracleKeys(),
    tally: this.#tally,
    conversation: (conversationId) => this.conversation(conversationId),
    hasSurface: (surfaceId) => this.#surfaceIds.has(surfaceId),
    hasFailedWith: (key, reason) => this.surface(key).failures.has(reason) || isTimeout(reason),
    isOnce: (reason) => !isTimeout(reason),
    sockets: () => this.#sockets.values(),
    fault: (what) => this.faults.push(what),
  };

  constructor({ surfaceIds, bytesAtOnceMax, mayRefuse = () => false }: OracleOptions) {
    this.port = new OraclePort(this.#world, mayRefuse);
    this.#surfaceIds = new Set(surfaceIds);
    this.#bytesAtOnceMax = bytesAtOnceMax;
  }

  // ── queries ─────────────────────────────────────────────────────────────────────────────────────────────────────

  view(atRest: boolean): View {
    return {
      atRest,
      conversations: [...this.#conversations.values()],
      sockets: [...this.#sockets.values()],
      surfaces: [...this.#surfaces.values()],
      broadcast: this.broadcast,
    };
  }

  /** Everything that is wrong now, one line each. */
  problems(atRest: boolean): string[] {
    return [...this.faults, ...brokenPromises(this.view(atRest))];
  }

  /** How often the features of protocol 2 came up. */
  tally(): Tally & { replies: number; recovered: number; reloaded: number } {
    const counts = { ...this.#tally, replies: 0, recovered: 0, reloaded: 0 };
    for (const { replies, verdicts } of this.#sockets.values()) {
      counts.replies += replies.received.length;
      counts.recovered += verdicts.recovered;
      counts.reloaded += verdicts.reloaded;
    }
    return counts;
  }

  conversation(conversationId: string): OracleConversation {
    return known(this.#conversations, conversationId, () => new OracleConversation(conversationId));
  }

  surface(key: string): OracleSurface {
    return known(this.#surfaces, key, () => ({ key, newest: 0, isFailing: false, failures: new Set<string>() }));
  }

  socket(name: string): OracleSocket {
    const socket = this.#sockets.get(name);
    if (!socket) throw new Error(`${name} has never connected`);
    return socket;
  }

  /** The sockets that have this same request pending. `isLast`: the socket has posted nothing after it. */
  socketsThatAsk(request: KeyableRequest): { name: string; isLast: boolean }[] {
    const text = textOf(request);
    const asks = (one: Request): boolean =>
      one.type === request.type && one.conversationId === request.conversationId && textOf(one) === text;
    return [...this.#sockets.values()]
      .filter(({ requests }) => requests.thatFit(asks).length > 0)
      .map(({ name, requests }) => ({ name, isLast: requests.isLast(asks) }));
  }

  // ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────────

  connects(name: string, { isV1 = false, isNew = false }: Partial<SocketOptions> = {}): void {
    this.#sockets.set(name, new OracleSocket(name, this.broadcast.length, this.#world, { isV1, isNew }));
  }

  /** The socket is closing or closed. No further message has to reach it. */
  disconnects(name: string): void {
    this.socket(name).isOpen = false;
  }

  stalls(name: string): void {
    const socket = this.socket(name);
    socket.isReading = false;
    socket.mayLag();
  }

  resumes(name: string): void {
    this.socket(name).isReading = true;
  }

  posts(name: string, request: Request): void {
    this.socket(name).posts(request);
    if (request.type !== "ping") this.#weigh(0);
    // A request with an id may get a verdict as well as a reply.
    if (request.id !== undefined) this.#weigh(0);
  }

  receives(name: string, message: Message): void {
    this.socket(name).receives(message);
  }

  // ── agents, surfaces and the host ───────────────────────────────────────────────────────────────────────────────

  emits(event: { type: string; conversationId: string; turnId: string }): void {
    const said = saidOf(event);
    this.conversation(event.conversationId).emits(said);
    this.#weigh(said.text?.length ?? 0);
  }

  announces(broadcast: object): void {
    this.broadcast.push(JSON.stringify(broadcast));
    this.#weigh(0);
  }

  surfaceChanges(key: string, version: number): void {
    const surface = this.surface(key);
    surface.newest = version;
    surface.isFailing = false;
    this.#weigh(0);
  }

  /**
   * The provider was asked at this version and failed with this message. While the version is the newest, the oracle
   * cannot know for which watchers the provider was asked, nor which of them received the version.
   */
  surfaceFails(key: string, version: number, words: string): void {
    const surface = this.surface(key);
    surface.failures.add(words);
    if (version === surface.newest) surface.isFailing = true;
  }

  /** The host closes a conversation, which discards its queue. */
  closes(conversationId: string): void {
    this.conversation(conversationId).discards();
  }

  /** The agent takes the queued texts. */
  steers(conversationId: string): void {
    this.conversation(conversationId).handsOver();
  }

  /** The server sheds the logs of sealed turns. Call this only at rest and while all clients read. */
  shedsLogs(): void {
    for (const conversation of this.#conversations.values()) {
      const isWatched = [...this.#sockets.values()].some(
        (socket) =>
          socket.isOpen &&
          socket.watches.some(({ conversationId: id, to }) => id === conversation.id && to === undefined),
      );
      conversation.numbering.sheds(!isWatched && !conversation.isActive);
    }
  }

  stopsTurn(conversationId: string, turnId: string, at: number): void {
    this.conversation(conversationId).cancels(turnId, at);
  }

  /** Everything is at rest and all messages have arrived. Sockets that read are live from here on. */
  rests(): void {
    this.#bytes = 0;
    for (const socket of this.#sockets.values()) if (socket.isOpen && socket.isReading) socket.hasCaughtUp();
  }

  #weigh(textBytes: number): void {
    this.#bytes += textBytes + messageBytes;
    if (this.#bytes > this.#bytesAtOnceMax) for (const socket of this.#sockets.values()) socket.mayLag();
  }
}

const textOf = (request: KeyableRequest): string => (request.type === "chat.send" ? request.message : request.text);

/** A provider's timeout is reported every time. */
const isTimeout = (reason: string): boolean => / did not answer within [\d.]+ s$/.test(reason);

function known<Thing>(things: Map<string, Thing>, key: string, make: () => Thing): Thing {
  const thing = things.get(key) ?? make();
  things.set(key, thing);
  return thing;
}
