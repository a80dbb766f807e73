// A model endpoint for tests that answers every request with bytes as they are given, over a real socket on loopback:
// whatever hosts, proxies and local servers send.
import { createServer, type Socket } from "node:net";

/** Bytes, or a pause in milliseconds. */
export type Piece = string | Buffer | number;

export interface RawAnswer {
  pieces: Piece[];
  /** Whether the connection stays open after the last byte. */
  staysOpen?: boolean;
}

export interface RawEndpoint {
  baseUrl: string;
  /** How many requests have come. */
  requests: number;
  /** How many connections have been opened. */
  connections: number;
  /** Resolves when a connection has been closed. */
  disconnected: Promise<void>;
  close(): Promise<void>;
}

/** @param answerTo the answer to the request with this index, from 0 */
export async function rawEndpoint(answerTo: (index: number) => RawAnswer): Promise<RawEndpoint> {
  const sockets = new Set<Socket>();
  const disconnection = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    endpoint.connections++;
    let received = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      disconnection.resolve();
    });
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(received.toString("latin1", 0, end))?.[1] ?? 0);
      if (received.length < end + 4 + length) return;
      received = received.subarray(end + 4 + length);
      void write(socket, answerTo(endpoint.requests++));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the endpoint has no port");
  const endpoint: RawEndpoint = {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests: 0,
    connections: 0,
    disconnected: disconnection.promise,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return endpoint;
}

async function write(socket: Socket, { pieces, staysOpen = false }: RawAnswer): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    if (typeof piece === "number") await new Promise((resolve) => setTimeout(resolve, piece));
    else if (!socket.write(piece)) {
      await new Promise<void>((resolve) => {
        socket.once("drain", resolve);
        socket.once("close", resolve);
      });
    }
  }
  if (!staysOpen) socket.end();
}

export const http = (status: number | string, headers: Record<string, string>, ...body: Piece[]): RawAnswer => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return { pieces: [`HTTP/1.1 ${status} Status\r\nconnection: close\r\n${lines.join("")}\r\n`, ...body] };
};

/** A stream of server-sent events, its body as it is. */
export const stream = (...body: Piece[]): RawAnswer => http(200, { "content-type": "text/event-stream" }, ...body);

export const json = (status: number, body: unknown): RawAnswer =>
  http(status, { "content-type": "application/json" }, typeof body === "string" ? body : JSON.stringify(body));

export const data = (...values: unknown[]): string =>
  values.map((value) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`).join("");

/** A chunk of the stream. */
export const chunk = (delta: unknown, finish_reason: unknown = null): unknown => ({
  id: "x",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "m",
  choices: [{ index: 0, delta, finish_reason }],
});

export const end = (reason: unknown = "stop"): string => data(chunk({}, reason), "[DONE]");
export const say = (content: unknown): string => data(chunk({ content }));
