// One HTTP connection under the fair reader. When a client pipelines requests (RFC 9112 9.3.2), the next one is read
// after the response to the last one has been sent.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Limits } from "../limits.ts";
import type { Consumer, ReadSocket, TcpReader } from "./tcp-reader.ts";

/** What a request costs after it has been parsed, at least. A POST may begin a turn and is charged as one. */
const requestWorkMs = 0.3;

const connection = Symbol("connection");

interface HttpSocket extends ReadSocket {
  [connection]?: HttpConnection;
}

class HttpConnection implements Consumer {
  parse: Consumer["parse"];
  readonly #tcp: HttpSocket;
  readonly #reader: TcpReader;
  /** Requests whose responses have not been sent. */
  readonly #unanswered = new Set<IncomingMessage>();

  constructor(tcp: HttpSocket, reader: TcpReader) {
    this.#tcp = tcp;
    this.#reader = reader;
  }

  requested(request: IncomingMessage, response: ServerResponse, { turnWorkMs }: Pick<Limits, "turnWorkMs">): void {
    this.#unanswered.add(request);
    this.#reader.began(this.#tcp, request.method === "POST" ? turnWorkMs : requestWorkMs);
    response.once("close", () => {
      this.#unanswered.delete(request);
      if (!this.#isAwaitingResponse()) this.#reader.release(this.#tcp);
    });
  }

  afterSlice(): void {
    if (this.#isAwaitingResponse() && this.#reader.hasMore(this.#tcp)) this.#reader.hold(this.#tcp);
  }

  busyTooLong(): void {
    this.#tcp.destroy();
  }

  /** Whether a complete request has no response yet. An incomplete one does not count: its body must still be read. */
  #isAwaitingResponse(): boolean {
    for (const { complete } of this.#unanswered) if (complete) return true;
    return false;
  }
}

/** Puts every connection of the server under the fair reader until it becomes a WebSocket. */
export function readFairly(server: Server, reader: TcpReader, limits: Pick<Limits, "turnWorkMs">): void {
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
    tcp[connection]?.requested(request, response, limits);
  });
}

/** Detaches a connection that is being upgraded. @returns the bytes it has sent after its request. */
export function detachForUpgrade(tcp: HttpSocket, reader: TcpReader, head: Buffer): Buffer {
  if (!tcp[connection]) return head;
  delete tcp[connection];
  const rest = reader.detach(tcp);
  return rest.length === 0 ? head : Buffer.concat([head, rest]);
}
