// Configures ws, completes admitted upgrades and connects each WebSocket to the gateway. ws is imported here and in
// ws-socket.ts only.
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Caller, Socket, SocketListener } from "../egress/socket.ts";
import type { Limits } from "../limits.ts";
import { chooseSubprotocol } from "../protocol/subprotocol.ts";
import { detachForUpgrade, readFairly } from "./http-connection.ts";
import { TcpReader } from "./tcp-reader.ts";
import { chooseWebSocket, offersWebSocket } from "./upgrade-request.ts";
import { type Admission, type Upgrade, Upgrades, type UpgradesOptions } from "./upgrades.ts";
import { listenForEnd, listenForMessages, ServerSocket, WsSocket } from "./ws-socket.ts";

export interface TransportOptions extends Omit<UpgradesOptions, "open"> {
  /** Hands a new socket to the gateway. @returns undefined when the gateway turned it away. */
  accept: (socket: Socket, caller: Caller) => SocketListener | undefined;
}

export type Transport = ReturnType<typeof createTransport>;

/** HTTP options of both ports. A client that stalls before the end of its headers is cut after handshakeMs. */
export const connectionOptions = ({ handshakeMs }: Pick<Limits, "handshakeMs">) =>
  ({
    headersTimeout: handshakeMs,
    connectionsCheckingInterval: Math.min(1_000, handshakeMs),
    shouldUpgradeCallback: offersWebSocket,
  }) satisfies ServerOptions;

export function createTransport({ accept, ...options }: TransportOptions) {
  const { clock, limits } = options;
  // A variable avoids the excess-property check: @types/ws 8.18 lacks the newer options of ws 8.23.
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
  // Apart: while many connect, their requests must not take the time in which open sockets are read.
  const requestReader = new TcpReader(clock, limits);

  const open = (webSocket: ServerSocket, tcp: TcpSocket, admission: Admission): void => {
    // Pre-encoded frames may be written beside ws's own only while ws writes whole frames synchronously
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
    listenForEnd(webSocket);
    const listener = accept(new WsSocket(webSocket, tcp, reader), {
      subprotocol: webSocket.protocol,
      identity: admission.identity,
    });
    if (listener) listenForMessages(webSocket, listener);
  };

  const leave = ({ admission, openedAt, misbehaved, tcp }: ServerSocket): void => {
    if (tcp) reader.forget(tcp);
    if (admission) upgrades.leave(admission, misbehaved || clock.now() - openedAt < limits.shortLivedSocketMs);
  };

  /** @returns false when ws has rejected the handshake as invalid. */
  const complete = ({ request, stream, head }: Upgrade, admission: Admission): boolean => {
    let isOpen = false;
    chooseWebSocket(request);
    // The handshake response and the first messages leave in one system call. A second one costs 17 µs per socket.
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

  const upgrades = new Upgrades({ ...options, open: complete });
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void =>
    upgrades.take(request, stream, detachForUpgrade(request.socket, requestReader, head));
  /** Puts an HTTP server's connections under the fair reader and handles their upgrades. */
  const serve = (server: Server): void => {
    readFairly(server, requestReader, limits);
    server.on("upgrade", upgrade);
  };

  return {
    serve,
    /** How many connections have unread bytes, and how many upgrades are in the admission queue. */
    waiting: () => ({ sockets: reader.waiting + requestReader.waiting, newcomers: upgrades.waiting }),
    /** Clears all timers. Call it once every socket has been cut. */
    stop(): void {
      upgrades.stop();
      reader.stop();
      requestReader.stop();
    },
    /** An HTTP server for WebSockets only: upgrades on any path, 426 for every other request. */
    createServer(): Server {
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
