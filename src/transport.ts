// The only file that touches ws: takes upgrades, refuses in plain HTTP what may not come in, and turns a WebSocket into
// the Socket and SocketListener that the rest of the house knows.
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { Addresses } from "./access/addresses.ts";
import { type Access, chooseSubprotocol } from "./access.ts";
import type { Clock } from "./clock.ts";
import { closes } from "./closes.ts";
import type { Caller } from "./connections.ts";
import type { SocketListener } from "./ears.ts";
import { Entrance } from "./entrance.ts";
import { encodePongs } from "./frame.ts";
import { Intake } from "./intake.ts";
import type { Limits } from "./limits.ts";
import type { Socket } from "./outlet.ts";
import type { Identity } from "./ports/authorisation.ts";
import type { Logger } from "./ports/logger.ts";
import { onBroken, refuseUpgrade } from "./refused-upgrade.ts";

export interface TransportOptions {
  clock: Clock;
  limits: Limits;
  logger: Logger;
  access: Access;
  /** Why no socket is taken at the moment, or undefined. */
  closedBecause: () => "draining" | "full" | undefined;
  /** Takes a socket in; undefined when it was turned away. */
  accept: (socket: Socket, caller: Caller) => SocketListener | undefined;
}

/** How many wait to be heard. */
export interface WaitingPeers {
  /** Sockets that have sent more than is read. */
  sockets: number;
  /** Upgrades. */
  newcomers: number;
}

export interface Transport {
  /** For an HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
  /** An HTTP server for nothing but WebSockets: any path, 426 for everything else. */
  createServer(): Server;
  waiting(): WaitingPeers;
  /** When every socket has been cut. */
  stop(): void;
}

/** One field instead of a closure for each event of each socket. */
class ServerSocket extends WebSocket {
  listener: SocketListener | undefined;
  /** Called when it has gone: one function for all of them. */
  leave: ((gone: ServerSocket) => void) | undefined;
  network = "";
  /** At the entrance. */
  account = "";
  pongsMax = 1;
  /** When it was taken in; monotonic, ms. */
  openedAt = 0;
  /** It was thrown out, or has broken the protocol. */
  misbehaved = false;
  /** What it reads is taken from here. */
  intake: Intake<OwnedSocket> | undefined;
  tcp: OwnedSocket | undefined;
  /** The payloads of pings that are not answered, latin1: a part of a buffer would keep all of it. */
  #pings: string[] | undefined;
  #answersPings = false;

  /** Called by ws itself: it has the peer's close frame, or the peer has broken the protocol. It listens no more. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    if (this.tcp) this.intake?.ignore(this.tcp);
  }

  /** Of more pings than it may be owed pongs for, the newest are answered (RFC 6455 5.5.3). */
  pinged(payload: Buffer): void {
    this.#pings ??= [];
    this.#pings.push(payload.toString("latin1"));
    if (this.#pings.length > this.pongsMax) this.#pings.shift();
  }

  /** In one write for what was read at once; who does not read what it is sent is given no more meanwhile. */
  answerPings(): void {
    const { tcp } = this;
    if (!this.#pings || this.#answersPings || !tcp?.writable || this.readyState !== WebSocket.OPEN) return;
    const pongs = encodePongs(this.#pings);
    this.#pings = undefined;
    this.#answersPings = true;
    tcp.write(pongs, (error) => {
      this.#answersPings = false;
      if (!error) this.answerPings();
    });
  }

  /** Our own close frame: the peer's is still to be heard. */
  sayClose(code: number, reason: string): void {
    if (code === closes.tooManyRequests.code) this.misbehaved = true;
    super.close(code, reason);
  }
}

/** What an upgrade has while it waits, and keeps. */
interface Seat {
  identity: Identity;
  network: string;
  /** At the entrance. */
  account: string;
}

const owner = Symbol("owner");

/** A TCP connection that knows its WebSocket. */
interface OwnedSocket extends TcpSocket {
  [owner]?: ServerSocket;
}

/** How both ports take connections: who stalls before the end of its headers is cut. */
export const connectionOptions = ({ handshakeMs }: Pick<Limits, "handshakeMs">) =>
  ({
    headersTimeout: handshakeMs,
    connectionsCheckingInterval: Math.min(1_000, handshakeMs),
    // Clients that offer HTTP/2 with every request (`Upgrade: h2c`: Java, curl) mean a plain one (RFC 9110 7.8).
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  }) satisfies ServerOptions;

export function createTransport(options: TransportOptions): Transport {
  const { clock, limits, logger, access, closedBecause, accept } = options;
  // A variable, because @types/ws 8.18 lacks the newer of ws 8.23's options.
  const wsOptions = {
    noServer: true,
    clientTracking: false,
    WebSocket: ServerSocket,
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
    skipUTF8Validation: false,
    allowSynchronousEvents: true,
    autoPong: false,
    maxFragments: limits.messageFragmentsMax,
    maxBufferedChunks: limits.messageChunksMax,
    closeTimeout: limits.closingMs,
    handleProtocols: (offered: Set<string>) => chooseSubprotocol(offered) ?? false,
  };
  const sockets = new WebSocketServer(wsOptions);
  const addresses = new Addresses(limits);
  /** What ws reads its sockets with: one function for all of them. */
  let read: ((this: TcpSocket, chunk: Buffer) => void) | undefined;
  const readSlice = (tcp: OwnedSocket, slice: Buffer): void => {
    // What many frames are answered leaves in one system call.
    const joins = slice.length > joinsFromBytes;
    if (joins) tcp.cork();
    read?.call(tcp, slice);
    tcp[owner]?.answerPings();
    if (joins) tcp.uncork();
  };
  const intake = new Intake<OwnedSocket>(clock, limits, readSlice, (tcp) => tcp[owner]?.listener?.flooding());
  const entrance = new Entrance(clock, limits);
  function onData(this: TcpSocket, chunk: Buffer): void {
    intake.take(this, chunk);
    if (this.isPaused()) mayBePaused(this);
  }

  /** Puts the intake between a socket and ws. */
  const takeTurns = (webSocket: ServerSocket, tcp: OwnedSocket): void => {
    const [listener, ...others] = tcp.listeners("data");
    if (!listener || others.length > 0) throw new Error("ws does not listen to its socket as it used to");
    read = listener as typeof read;
    tcp.off("data", listener as (chunk: Buffer) => void);
    tcp.on("data", onData);
    webSocket.intake = intake;
    webSocket.tcp = tcp;
    tcp[owner] = webSocket;
  };

  const open = (webSocket: ServerSocket, tcp: TcpSocket, { identity, network, account }: Seat): void => {
    // Pre-encoded frames may be written beside ws's own only while ws writes whole frames as they come (design 2).
    if (webSocket.extensions !== "") throw new Error("a WebSocket extension was negotiated although none is offered");
    tcp.setNoDelay(true);
    takeTurns(webSocket, tcp);
    webSocket.network = network;
    webSocket.account = account;
    webSocket.openedAt = clock.now();
    webSocket.pongsMax = limits.pendingPongsMax;
    webSocket.leave = leave;
    webSocket.on("error", onError);
    webSocket.on("close", onClose);
    const listener = accept(new Output(webSocket, tcp, intake), { subprotocol: webSocket.protocol, identity });
    webSocket.listener = listener;
    if (!listener) return;
    webSocket.on("message", onMessage);
    webSocket.on("pong", onPong);
    webSocket.on("ping", onPing);
  };

  const leave = ({ network, account, openedAt, misbehaved, tcp }: ServerSocket): void => {
    addresses.remove(network);
    if (tcp) intake.forget(tcp);
    if (misbehaved || clock.now() - openedAt < limits.vainNewcomerMs) entrance.vain(account);
  };

  const retryAfter = `Retry-After: ${Math.ceil(limits.retryAfterMs / 1_000)}`;

  const refuse = (stream: Duplex, status: number, message: string, headers: string[] = []): void =>
    refuseUpgrade(stream, { status, message, headers }, clock, limits);

  /** Refuses, unless it may come in: then, by what it has shown, it is somebody. */
  const whoIs = (request: IncomingMessage, stream: Duplex): Identity | undefined => {
    const closed = closedBecause();
    if (closed) {
      refuse(stream, 503, `${closed}: try again later`, [retryAfter]);
      return undefined;
    }
    // Before a ticket is used up for it.
    if (addresses.isFull(request.socket.remoteAddress)) {
      logger.info("transport-ws: upgrade refused", { status: 429, reason: "too many sockets of one address" });
      refuse(stream, 429, tooManyFromThere, [retryAfter]);
      return undefined;
    }
    const decision = access.check("upgrade", request);
    if (decision.allowed) return decision.identity;
    logger.info("transport-ws: upgrade refused", { status: decision.status, reason: decision.message });
    refuse(stream, decision.status, decision.message, decision.status === 401 ? ["WWW-Authenticate: Bearer"] : []);
    return undefined;
  };

  const takeIn = (request: IncomingMessage, stream: Duplex, head: Buffer, seat: Seat): boolean => {
    if (stream.destroyed) return false;
    const closed = closedBecause();
    if (closed || !access.isGood(seat.identity)) {
      if (closed) refuse(stream, 503, `${closed}: try again later`, [retryAfter]);
      else refuse(stream, 401, "the token is not good any more", ["WWW-Authenticate: Bearer"]);
      return false;
    }
    let isOpen = false;
    // The answer to the upgrade and the first messages leave in one system call: a second one is 17 µs of a socket.
    stream.cork();
    try {
      sockets.handleUpgrade(request, stream, head, (webSocket) => {
        isOpen = true;
        if (webSocket instanceof ServerSocket) open(webSocket, request.socket, seat);
      });
    } finally {
      stream.uncork();
    }
    if (!isOpen) entrance.vain(seat.account);
    return isOpen;
  };

  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const identity = whoIs(request, stream);
    if (!identity) return;
    // It has its place while it waits: else any number could.
    const network = addresses.add(request.socket.remoteAddress);
    const seat = { identity, network, account: `${identity.name} ${network}` };
    // One that waits may break meanwhile.
    stream.on("error", onBroken);
    const newcomer = {
      takeIn: () => {
        stream.off("error", onBroken);
        if (!takeIn(request, stream, head, seat)) addresses.remove(network);
      },
      turnAway: () => {
        stream.off("error", onBroken);
        addresses.remove(network);
        refuse(stream, 503, "too many come at once: try again later", [retryAfter]);
      },
    };
    if (!entrance.admit(seat.account, newcomer)) newcomer.turnAway();
  };

  return {
    upgrade,
    waiting: () => ({ sockets: intake.waiting, newcomers: entrance.waiting }),
    stop() {
      entrance.stop();
      intake.stop();
    },
    createServer() {
      const server = createServer(
        { ...connectionOptions(limits), requestTimeout: limits.handshakeMs },
        (_request, response) => {
          response.writeHead(426, { "Content-Type": "text/plain", Connection: "Upgrade", Upgrade: "websocket" });
          response.end("expected websocket");
        },
      );
      server.on("upgrade", upgrade);
      return server;
    },
  };
}

/** A shorter slice is most often a single message. */
const joinsFromBytes = 256;

const tooManyFromThere = "too many sockets are open from your address: close one first";

/** The outlet's side of a WebSocket. */
class Output implements Socket {
  readonly #webSocket: ServerSocket;
  readonly #tcp: OwnedSocket;
  readonly #intake: Intake<OwnedSocket>;

  constructor(webSocket: ServerSocket, tcp: OwnedSocket, intake: Intake<OwnedSocket>) {
    this.#webSocket = webSocket;
    this.#tcp = tcp;
    this.#intake = intake;
  }

  write(frames: Buffer): void {
    if (this.#webSocket.readyState === WebSocket.OPEN && this.#tcp.writable) this.#tcp.write(frames);
  }

  hold(): void {
    this.#tcp.cork();
  }

  release(): void {
    this.#tcp.uncork();
  }

  ping(payload: string): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping(payload);
  }

  close(code: number, reason: string): void {
    this.#webSocket.sayClose(code, reason);
  }

  cut(): void {
    this.#webSocket.terminate();
  }

  unsentBytes(): number {
    return this.#tcp.writableLength;
  }

  busySince(): number | undefined {
    return this.#intake.busySince(this.#tcp);
  }

  stopReading(): void {
    mayBePaused(this.#tcp);
    this.#intake.hold(this.#tcp);
  }

  readOn(): void {
    this.#intake.letGo(this.#tcp);
  }
}

/** Those that were paused once. */
const paused = new WeakSet<TcpSocket>();

/** ws reads all that is left when a connection is gone: tens of thousands of frames at once, to no end. */
function mayBePaused(tcp: TcpSocket): void {
  if (paused.has(tcp)) return;
  paused.add(tcp);
  tcp.prependOnceListener("close", forgetTheRest);
}

function forgetTheRest(this: TcpSocket): void {
  this.read();
}

function onMessage(this: WebSocket, data: RawData): void {
  if (this instanceof ServerSocket) this.listener?.message(asBuffer(data));
}

function onPong(this: WebSocket, payload: Buffer): void {
  if (this instanceof ServerSocket) this.listener?.pong(payload.toString("latin1"));
}

/** A peer's ping is a sign of life. */
function onPing(this: WebSocket, payload: Buffer): void {
  if (!(this instanceof ServerSocket)) return;
  this.pinged(payload);
  this.listener?.pong("");
}

function onClose(this: WebSocket): void {
  if (!(this instanceof ServerSocket)) return;
  this.leave?.(this);
  this.listener?.closed();
}

/** ws has found the peer in breach of RFC 6455 and is closing with the code for it (1002, 1007, 1009), or TCP broke. */
function onError(this: WebSocket): void {
  if (!(this instanceof ServerSocket)) return;
  this.misbehaved = true;
  this.listener?.broken();
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
