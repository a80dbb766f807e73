// Opens and closes an HTTP server's port. A port that cannot be opened gives one clear sentence.
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
      // Node throws synchronously when an argument is invalid.
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Stops listening and destroys the remaining connections. Resolves when no handle of the server is left. */
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

/** The authority part of a URL, with an IPv6 address in brackets. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Tracks all TCP connections, upgraded and silent ones included. The function returned destroys those still open. */
export function trackConnections(server: Server): () => void {
  const open = new Set<Socket>();
  // One shared function, because a closure per socket takes 200 bytes.
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

/** Counts the responses in progress. The function returned resolves when all are sent, after limitMs at the latest. */
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
