// One HTTP connection under the fair reader: a client that sends its next request before the answer to the last one
// (pipelining, RFC 9112 9.3.2) is read on when that answer has left.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Consumer, ReadSocket, TcpReader } from "./tcp-reader.ts";

const connection = Symbol("connection");

interface HttpSocket extends ReadSocket {
  [connection]?: HttpConnection;
}

class HttpConnection implements Consumer {
  parse: Consumer["parse"];
  readonly #tcp: HttpSocket;
  readonly #reader: TcpReader;
  /** Requests whose answers have not left. */
  readonly #unanswered = new Set<IncomingMessage>();

  constructor(tcp: HttpSocket, reader: TcpReader) {
    this.#tcp = tcp;
    this.#reader = reader;
  }

  requested(request: IncomingMessage, response: ServerResponse): void {
    this.#unanswered.add(request);
    response.once("close", () => {
      this.#unanswered.delete(request);
      if (!this.#waits()) this.#reader.letGo(this.#tcp);
    });
  }

  afterSlice(): void {
    if (this.#waits() && this.#reader.hasMore(this.#tcp)) this.#reader.hold(this.#tcp);
  }

  tooMuch(): void {
    this.#tcp.destroy();
  }

  /** Is a request whole, and not answered? The body of one that is not whole is still to be read. */
  #waits(): boolean {
    for (const { complete } of this.#unanswered) if (complete) return true;
    return false;
  }
}

/** Reads every connection of the server a fair share at a time, until it becomes a WebSocket. */
export function readFairly(server: Server, reader: TcpReader): void {
  server.on("connection", (tcp: HttpSocket) => {
    const mine = new HttpConnection(tcp, reader);
    tcp[connection] = mine;
    reader.attach(tcp, mine);
    tcp.on("close", forget);
  });
  function forget(this: HttpSocket): void {
    reader.forget(this);
  }
  server.on("request", (request, response) => {
    const tcp: HttpSocket = request.socket;
    tcp[connection]?.requested(request, response);
  });
}

/** The connection asks to become a WebSocket: answers what it has sent beyond its request. */
export function handOver(tcp: HttpSocket, reader: TcpReader, head: Buffer): Buffer {
  if (!tcp[connection]) return head;
  delete tcp[connection];
  const rest = reader.detach(tcp);
  return rest.length === 0 ? head : Buffer.concat([head, rest]);
}
