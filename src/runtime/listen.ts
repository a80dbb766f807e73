// Opens and closes an HTTP server's port. A port that cannot be had is one clear sentence.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { type Clock, sleep } from "./clock.ts";

/** A port could not be opened; the message names it and the remedy. */
export class ListenError extends Error {
  override name = "ListenError";
}

const reasons: Record<string, string> = {
  EADDRINUSE: "is in use: stop what listens there, or give another port",
  EACCES: "may not be opened by this user: give a port above 1023",
  EADDRNOTAVAIL: "is not an address of this machine: give another host",
  ENOTFOUND: "is not a known host name: give another host",
};

/**
 * Resolves with the port in use.
 * @throws ListenError
 */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off("error", failed);
      const reason = reasons[error.code ?? ""] ?? `cannot be opened: ${error.message}`;
      reject(new ListenError(`${hostAndPort(host, port)} ${reason}`));
    };
    server.once("error", failed);
    const opened = (): void => {
      server.off("error", failed);
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    };
    try {
      server.listen({ host, port, backlog: 4_096 }, opened);
    } catch (error) {
      // What Node finds wrong with the arguments it throws at once.
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Stops listening and cuts what is left: resolves when no handle of the server remains. */
export function unlisten(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** An address as it stands in a URL: IPv6 in brackets. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Keeps the TCP connections that are no HTTP request any more, so that a stop can cut those that never said a word. */
export function trackConnections(server: Server): () => void {
  const open = new Set<Socket>();
  // One function for all of them: a closure for each socket is 200 bytes of it.
  function forget(this: Socket): void {
    open.delete(this);
  }
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", forget);
  });
  return () => {
    for (const socket of open) socket.destroy();
  };
}

/** Counts the answers under way; the function returned waits until all have left, or for so long. */
export function trackAnswers(server: Server, clock: Clock): (limitMs: number) => Promise<void> {
  let underWay = 0;
  let allSent = (): void => {};
  server.on("request", (_request, response) => {
    underWay++;
    response.once("close", () => {
      if (--underWay === 0) allSent();
    });
  });
  return async (limitMs) => {
    if (underWay === 0) return;
    const waiting = new AbortController();
    allSent = () => waiting.abort();
    await sleep(clock, limitMs, waiting.signal);
  };
}
