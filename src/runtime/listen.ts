// Opens and closes an HTTP server's port. A port that cannot be opened gives one clear sentence.
import { once } from "node:events";
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
export async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    // Throws when an argument is invalid.
    server.listen({ host, port, backlog: 4_096 });
    await once(server, "listening");
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new ListenError(`${hostAndPort(host, port)} ${reasons[code] ?? `cannot be opened: ${message}`}`);
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}

/** Stops listening and destroys the remaining connections. Resolves when no handle of the server is left. */
export async function unlisten(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
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
