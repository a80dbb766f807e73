// The official relay of @statelyai/inspect, restricted to this machine. By itself it listens on every interface and
// lets any web page connect (0.7.2). It must do neither, because it relays a server's internals.
import http, { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createInspectorServer } from "@statelyai/inspect/server";
import { isLoopback, parseOrigin } from "../../access/hosts.ts";
import { listen } from "../../runtime/listen.ts";

export interface Relay {
  port: number;
  /** Cuts off pages with more unsent bytes than that, because the relay itself would hold them forever. */
  cutSlow(bytesMax: number): number;
}

export interface OpenRelayOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** A WebSocket with this path is the feed. All others are pages. */
  feedPath: string;
  /** Called when a page has opened its WebSocket. */
  viewerCame(): void;
}

/**
 * The relay's page posts all it receives to the frame inside it, whatever origin that has (0.7.2). A page that framed
 * it could navigate that inner frame elsewhere. So nobody may frame the page, and only Stately may be inside it.
 */
const pageHeaders = new Map([
  ["Content-Security-Policy", "frame-ancestors 'none'; frame-src https://stately.ai https://*.stately.ai"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
]);

/** @throws ListenError */
export async function openRelay({ host, port: wanted, feedPath, viewerCame }: OpenRelayOptions): Promise<Relay> {
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
    if (!isOwnPage(request.headers.origin, port)) {
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
 * createInspectorServer (0.7.2) has no option for the host and does not expose its server. So during this synchronous
 * call http.createServer returns our server, which listens already.
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

/** Allows clients that are no browsers, and the relay's own page. Any other page in the user's browser is refused. */
function isOwnPage(text: string | undefined, port: number): boolean {
  if (text === undefined) return true;
  const origin = parseOrigin(text);
  return origin !== undefined && origin.scheme === "http" && isLoopback(origin.hostname) && origin.port === port;
}
