// The only file that touches ws: takes upgrades, refuses in plain HTTP what may not come in, and turns a WebSocket into
// the Socket and SocketListener that the rest of the house knows.
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { RequestGuard } from "../access/request-guard.ts";
import type { Caller, Socket, SocketListener } from "../egress/socket.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import { closes } from "../protocol/closes.ts";
import { encodePongs } from "../protocol/frame.ts";
import { chooseSubprotocol } from "../protocol/subprotocol.ts";
import type { Clock } from "../runtime/clock.ts";
import { FairReader } from "./fair-reader.ts";
import { type Admission, type Upgrade, Upgrades } from "./upgrades.ts";

export interface TransportOptions {
  clock: Clock;
  limits: Limits;
  logger: Logger;
  access: RequestGuard;
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
  admission: Admission | undefined;
  pongsMax = 1;
  /** When it was taken in; monotonic, ms. */
  openedAt = 0;
  /** It was thrown out, or has broken the protocol. */
  misbehaved = false;
  /** What it reads is taken from here. */
  reader: FairReader<OwnedSocket> | undefined;
  tcp: OwnedSocket | undefined;
  /** The payloads of pings that are not answered, latin1: a part of a buffer would keep all of it. */
  #pings: string[] | undefined;
  #answersPings = false;

  /** Called by ws itself: it has the peer's close frame, or the peer has broken the protocol. It listens no more. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    if (this.tcp) this.reader?.ignore(this.tcp);
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
  const reader = new FairReader<OwnedSocket>(clock, limits, readSlice, (tcp) => tcp[owner]?.listener?.flooding());
  function onData(this: TcpSocket, chunk: Buffer): void {
    reader.take(this, chunk);
    if (this.isPaused()) mayBePaused(this);
  }

  /** Puts the intake between a socket and ws. */
  const takeTurns = (webSocket: ServerSocket, tcp: OwnedSocket): void => {
    const [listener, ...others] = tcp.listeners("data");
    if (!listener || others.length > 0) throw new Error("ws does not listen to its socket as it used to");
    read = listener as typeof read;
    tcp.off("data", listener as (chunk: Buffer) => void);
    tcp.on("data", onData);
    webSocket.reader = reader;
    webSocket.tcp = tcp;
    tcp[owner] = webSocket;
  };

  const open = (webSocket: ServerSocket, tcp: TcpSocket, admission: Admission): void => {
    // Pre-encoded frames may be written beside ws's own only while ws writes whole frames as they come (design 2).
    if (webSocket.extensions !== "") throw new Error("a WebSocket extension was negotiated although none is offered");
    tcp.setNoDelay(true);
    takeTurns(webSocket, tcp);
    webSocket.admission = admission;
    webSocket.openedAt = clock.now();
    webSocket.pongsMax = limits.pendingPongsMax;
    webSocket.leave = leave;
    webSocket.on("error", onError);
    webSocket.on("close", onClose);
    const listener = accept(new Output(webSocket, tcp, reader), {
      subprotocol: webSocket.protocol,
      identity: admission.identity,
    });
    webSocket.listener = listener;
    if (!listener) return;
    webSocket.on("message", onMessage);
    webSocket.on("pong", onPong);
    webSocket.on("ping", onPing);
  };

  const leave = ({ admission, openedAt, misbehaved, tcp }: ServerSocket): void => {
    if (tcp) reader.forget(tcp);
    if (admission) upgrades.leave(admission, misbehaved || clock.now() - openedAt < limits.shortLivedSocketMs);
  };

  /** False when ws finds that it is no WebSocket's upgrade, and says so itself. */
  const complete = ({ request, stream, head }: Upgrade, admission: Admission): boolean => {
    let isOpen = false;
    // The answer to the upgrade and the first messages leave in one system call: a second one is 17 µs of a socket.
    stream.cork();
    try {
      sockets.handleUpgrade(request, stream, head, (webSocket) => {
        isOpen = true;
        if (webSocket instanceof ServerSocket) open(webSocket, request.socket, admission);
      });
    } finally {
      stream.uncork();
    }
    return isOpen;
  };

  const upgrades = new Upgrades({
    clock,
    limits,
    logger,
    access,
    closedBecause,
    open: complete,
  });
  const upgrade: Transport["upgrade"] = (request, stream, head) => upgrades.take(request, stream, head);

  return {
    upgrade,
    waiting: () => ({ sockets: reader.waiting, newcomers: upgrades.waiting }),
    stop() {
      upgrades.stop();
      reader.stop();
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

/** The outlet's side of a WebSocket. */
class Output implements Socket {
  readonly #webSocket: ServerSocket;
  readonly #tcp: OwnedSocket;
  readonly #reader: FairReader<OwnedSocket>;

  constructor(webSocket: ServerSocket, tcp: OwnedSocket, reader: FairReader<OwnedSocket>) {
    this.#webSocket = webSocket;
    this.#tcp = tcp;
    this.#reader = reader;
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
    return this.#reader.busySince(this.#tcp);
  }

  began(ms: number): void {
    this.#reader.began(this.#tcp, ms);
  }

  stopReading(): void {
    mayBePaused(this.#tcp);
    this.#reader.hold(this.#tcp);
  }

  readOn(): void {
    this.#reader.letGo(this.#tcp);
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
