// The contract in memory: hears what was done (by clients, by whoever asks and answers at the ports, by agents and
// surfaces) and what came to each socket, and says what each client must have seen and which refusal it is owed. Has no
// sockets, no clock and no charts, and must never learn anything from the server's inside.
//
// Time is told by causes. A request is posted, and later something proves that it was handled: the port is asked (then
// the moment is exact), a reply or a pong comes back (then it was some moment in between, and the oracle allows all of
// them). So clients may talk at the same time, and every order that the contract leaves open is right.
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
  /** A reader that is given more than this at once may be taken for a slow one. */
  bytesAtOnceMax: number;
  /** May the port refuse at the moment for reasons of its own: a toggle, a store that fails? */
  mayRefuse?: () => boolean;
}

/** About what a message weighs beside its text; too much rather than too little. */
const messageBytes = 300;

interface OracleSurface extends SurfaceView {
  newest: number;
  isFailing: boolean;
  readonly failures: Set<string>;
}

export class Oracle {
  /** What happened behind the server that the contract rules out. */
  readonly faults: string[] = [];
  readonly broadcast: string[] = [];
  /** Hears what the server asks the orchestrator, and what it is answered. */
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

  // ── what can be asked of it ─────────────────────────────────────────────────────────────────────────────────────

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

  /** How much of protocol 2 came up. */
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

  /** The sockets on which this very text is on its way. `isLast`: nothing was asked for after it. */
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

  /** It goes, or is gone: it is owed nothing more. */
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
    // Its verdict, and its reply.
    if (request.id !== undefined) this.#weigh(0);
  }

  receives(name: string, message: Message): void {
    this.socket(name).receives(message);
  }

  // ── the world behind the server ─────────────────────────────────────────────────────────────────────────────────

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
   * The provider was asked when this was the version and has failed with these words. While it is the newest one nobody
   * can say whom it was asked for, and who has seen it.
   */
  surfaceFails(key: string, version: number, words: string): void {
    const surface = this.surface(key);
    surface.failures.add(words);
    if (version === surface.newest) surface.isFailing = true;
  }

  /** The host closes a conversation: its queue is discarded. */
  closes(conversationId: string): void {
    this.conversation(conversationId).discards();
  }

  /** The agent is given what waits. */
  steers(conversationId: string): void {
    this.conversation(conversationId).handsOver();
  }

  /** Everything is at rest and everybody reads, and what is sealed is kept no longer. */
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

  /** All is at rest and everything has come: who reads is live from here on. */
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

/** A provider that takes too long is told of each time. */
const isTimeout = (reason: string): boolean => / did not answer within [\d.]+ s$/.test(reason);

function known<Thing>(things: Map<string, Thing>, key: string, make: () => Thing): Thing {
  const thing = things.get(key) ?? make();
  things.set(key, thing);
  return thing;
}
