// The only file that touches ws: takes upgrades, refuses in plain HTTP what may not come in, and turns a WebSocket into
// the Socket and SocketListener that the rest of the house knows.
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { RequestGuard } from "../access/request-guard.ts";
import type { Caller, Socket, SocketListener } from "../egress/socket.ts";
import type { Limits } from "../limits.ts";
import type { Logger } from "../ports/logger.ts";
import { chooseSubprotocol } from "../protocol/subprotocol.ts";
import type { Clock } from "../runtime/clock.ts";
import { handOver, readFairly } from "./http-connection.ts";
import { TcpReader } from "./tcp-reader.ts";
import { type Admission, type Upgrade, Upgrades } from "./upgrades.ts";
import { hearEnd, hearMessages, ServerSocket, WsSocket } from "./ws-socket.ts";

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
  /** Reads an HTTP server's connections a fair share at a time, and takes their upgrades. */
  serve(server: Server): void;
  /** An HTTP server for nothing but WebSockets: any path, 426 for everything else. */
  createServer(): Server;
  waiting(): WaitingPeers;
  /** When every socket has been cut. */
  stop(): void;
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
  const reader = new TcpReader(clock, limits);

  const open = (webSocket: ServerSocket, tcp: TcpSocket, admission: Admission): void => {
    // Pre-encoded frames may be written beside ws's own only while ws writes whole frames as they come
    // (docs/decisions/2026-11-22-frames-beside-ws.md).
    if (webSocket.extensions !== "") throw new Error("a WebSocket extension was negotiated although none is offered");
    tcp.setNoDelay(true);
    webSocket.reader = reader;
    webSocket.tcp = tcp;
    reader.attach(tcp, webSocket);
    webSocket.admission = admission;
    webSocket.openedAt = clock.now();
    webSocket.pongsMax = limits.pendingPongsMax;
    webSocket.leave = leave;
    hearEnd(webSocket);
    const listener = accept(new WsSocket(webSocket, tcp, reader), {
      subprotocol: webSocket.protocol,
      identity: admission.identity,
    });
    if (listener) hearMessages(webSocket, listener);
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
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void =>
    upgrades.take(request, stream, handOver(request.socket, reader, head));
  /** Reads the server's connections fairly, and takes their upgrades. */
  const serve = (server: Server): void => {
    readFairly(server, reader);
    server.on("upgrade", upgrade);
  };

  return {
    serve,
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
      serve(server);
      return server;
    },
  };
}
