// The official relay of @statelyai/inspect, kept to this machine. On its own it listens on every interface and lets any
// web page read along (0.7.2); it must do neither, because what it relays is the inside of a server.
import http, { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createInspectorServer } from "@statelyai/inspect/server";
import { isLoopback, parseOrigin } from "../../access/hosts.ts";
import { listen } from "../../runtime/listen.ts";

export interface Relay {
  port: number;
  /** Cuts off pages for which it holds more than so many bytes: the relay itself would hold them for ever. */
  cutSlow(bytesMax: number): number;
}

export interface RelayHouse {
  host: string;
  /** 0: any free one. */
  port: number;
  /** A WebSocket that asks for this path is no page but the feed. */
  feedPath: string;
  /** A page has opened its WebSocket. */
  viewerCame(): void;
}

/**
 * Whoever frames the relay's page could lead the frame inside it elsewhere, and it hands all it hears to whatever is
 * there (0.7.2 names no origin): nobody may frame it, and nobody but Stately may be in it.
 */
const pageHeaders = new Map([
  ["Content-Security-Policy", "frame-ancestors 'none'; frame-src https://stately.ai https://*.stately.ai"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
]);

/** @throws ListenError */
export async function openRelay({ host, port: wanted, feedPath, viewerCame }: RelayHouse): Promise<Relay> {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = await listen(server, host, wanted);
  lendTo(server, () => createInspectorServer({ port, autoOpen: false }));
  const [accept] = server.listeners("upgrade");
  if (!accept) throw new Error("the relay of @statelyai/inspect takes no WebSockets: is it another version?");
  server.removeAllListeners("upgrade");
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isFromHere(request.headers.origin, port)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    Reflect.apply(accept, server, [request, socket, head]);
    if (request.url !== feedPath) viewerCame();
  });
  return {
    port,
    cutSlow(bytesMax) {
      const slow = [...sockets].filter((socket) => socket.writableLength > bytesMax);
      for (const socket of slow) socket.destroy();
      return slow.length;
    },
  };
}

/**
 * createInspectorServer has no option for the host and keeps its server to itself. For the length of this synchronous
 * call http.createServer hands out one that listens already, where we said.
 */
function lendTo(server: Server, borrow: () => void): void {
  const lent = { listen: server.listen };
  const lend = (respond: RequestListener): Server => {
    server.on("request", (request, response) => {
      response.setHeaders(pageHeaders);
      respond(request, response);
    });
    return Object.assign(server, { listen: () => server });
  };
  Object.assign(http, { createServer: lend });
  try {
    borrow();
  } finally {
    Object.assign(http, { createServer });
    Object.assign(server, lent);
  }
}

/** No browser, or the relay's own page: any page in the person's browser may ask, and this is none of its business. */
function isFromHere(text: string | undefined, port: number): boolean {
  if (text === undefined) return true;
  const origin = parseOrigin(text);
  return origin !== undefined && origin.scheme === "http" && isLoopback(origin.hostname) && origin.port === port;
}
