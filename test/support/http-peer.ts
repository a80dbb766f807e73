// A peer on a bare TCP connection: it sends HTTP requests as bytes, upgrades to WebSocket by hand, and can then break
// any rule. It does nothing on its own: it answers no ping and no close, and may stop reading.
import { createHash, randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { budgets } from "../budgets.ts";
import { decodeFrame, encodeFrame, type Frame, type FrameToSend, opcodes } from "./client/frames.ts";
import { within } from "./deadline.ts";

export { closeOf, closePayload, type Frame, type FrameToSend, opcodes } from "./client/frames.ts";

export interface Response {
  status: number;
  /** Names in lower case; of a repeated header, the last value. */
  headers: Record<string, string>;
  body: string;
}

export interface Upgrade {
  path?: string;
  /** Overrides, by lower-case name; undefined leaves a header out. */
  headers?: Record<string, string | undefined>;
  protocols?: string[];
}

export interface Opening {
  /** True: the peer does not answer the server's FIN automatically; the test ends the peer's side with end(). */
  allowHalfOpen?: boolean;
}

/** Connects to the host and port of a URL (ws: or http:). */
export async function openPeer(
  url: string,
  deadlineMs: number = budgets.awaitMs,
  { allowHalfOpen = false }: Opening = {},
): Promise<Peer> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = createConnection({ host, port: Number(port), noDelay: true, allowHalfOpen });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  socket.once("error", reject);
  const peer = new Peer(socket, `${hostname}:${port}`);
  await within(promise, `a TCP connection to ${url}`, deadlineMs);
  return peer;
}

/** A peer whose upgrade has succeeded. */
export async function openUpgradedPeer(url: string, upgrade: Upgrade = {}, opening: Opening = {}): Promise<Peer> {
  const peer = await openPeer(url, budgets.awaitMs, opening);
  const response = await peer.upgrade({ path: new URL(url).pathname, ...upgrade });
  if (response.status === 101) return peer;
  peer.kill();
  throw new Error(`${url} answered the upgrade with ${response.status}: ${response.body}`);
}

export class Peer {
  readonly socket: Socket;
  /** Total bytes received. */
  bytesReceived = 0;
  /** Resolves when the TCP connection has ended, from either side. Never rejects. */
  readonly closed: Promise<void>;
  readonly #host: string;
  #bytes: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void)[] = [];

  constructor(socket: Socket, host: string) {
    this.socket = socket;
    this.#host = host;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on("data", (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#broadcast();
    });
    // A reset is an ordinary end of a connection; `closed` reports it.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#isClosed = true;
      this.#broadcast();
      resolve();
    });
  }

  /** Sends raw bytes unchanged. Half a request line and then nothing is a stalled handshake. */
  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends a whole HTTP request and reads its response; `body` sets Content-Length. */
  async request(
    line: string,
    headers: Record<string, string | undefined> = {},
    body = "",
    deadlineMs: number = budgets.awaitMs,
  ): Promise<Response> {
    const length = body === "" ? undefined : String(Buffer.byteLength(body));
    const all: Record<string, string | undefined> = { host: this.#host, "content-length": length, ...headers };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
    this.write(`${line} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
    return await this.response(deadlineMs);
  }

  /** Requests the upgrade (RFC 6455 4.1) and checks the accept key of a 101. */
  async upgrade(upgrade: Upgrade = {}): Promise<Response> {
    const { path = "/", headers = {}, protocols = [] } = upgrade;
    const key = randomBytes(16).toString("base64");
    const response = await this.request(`GET ${path === "" ? "/" : path}`, {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": protocols.length > 0 ? protocols.join(", ") : undefined,
      ...headers,
    });
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    if (response.status === 101 && response.headers["sec-websocket-accept"] !== accept) {
      throw new Error(`the accept key is ${response.headers["sec-websocket-accept"]}, not ${accept}`);
    }
    return response;
  }

  /** Reads the next response. Its body ends by Content-Length, by chunks, or with the connection. */
  async response(deadlineMs: number = budgets.awaitMs): Promise<Response> {
    return await this.#until(() => this.#takeResponse(), "an HTTP response", deadlineMs);
  }

  send(frame: FrameToSend): void {
    this.write(encodeFrame(frame));
  }

  /** Sends a JSON message in one masked text frame. */
  sendMessage(message: unknown): void {
    this.send({ opcode: opcodes.text, payload: JSON.stringify(message) });
  }

  /** Takes the next matching frame and drops those before it. */
  async frame(matches: (frame: Frame) => boolean = () => true, deadlineMs: number = budgets.awaitMs): Promise<Frame> {
    const take = (): Frame | undefined => {
      for (;;) {
        const decoded = decodeFrame(this.#bytes);
        if (decoded === undefined) return undefined;
        this.#bytes = decoded.rest;
        if (matches(decoded.frame)) return decoded.frame;
      }
    };
    return await this.#until(take, "a frame", deadlineMs);
  }

  async closeFrame(deadlineMs: number = budgets.awaitMs): Promise<Frame> {
    return await this.frame((frame) => frame.opcode === opcodes.close, deadlineMs);
  }

  /** Stops reading: the kernel's buffers fill, then the server's. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Ends the peer's side of the connection (FIN) and keeps reading. */
  end(): void {
    this.socket.end();
  }

  /** Cuts the connection with a reset. */
  kill(): void {
    this.socket.resetAndDestroy();
  }

  async untilClosed(deadlineMs: number = budgets.awaitMs): Promise<void> {
    await within(this.closed, () => `the TCP connection to end; ${this.#bytes.length} bytes are unread`, deadlineMs);
  }

  [Symbol.dispose](): void {
    this.kill();
  }

  #broadcast(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const run of wake) run();
  }

  async #until<T>(take: () => T | undefined, what: string, deadlineMs: number): Promise<T> {
    const unread = () => `${what}; unread: ${JSON.stringify(this.#bytes.subarray(0, 300).toString("latin1"))}`;
    // A wait that has timed out must not take bytes that a later wait needs.
    let isGivenUp = false;
    const wait = async (): Promise<T> => {
      for (;;) {
        const found = isGivenUp ? undefined : take();
        if (found !== undefined) return found;
        if (this.#isClosed || isGivenUp) throw new Error(`the connection ended before ${unread()}`);
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    };
    try {
      return await within(wait(), unread, deadlineMs);
    } finally {
      isGivenUp = true;
    }
  }

  #takeResponse(): Response | undefined {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first = "", ...lines] = this.#bytes.subarray(0, end).toString("latin1").split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw new Error(`not an HTTP response: ${JSON.stringify(first)}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const body = bodyOf(this.#bytes.subarray(end + 4), status, headers, this.#isClosed);
    if (body === undefined) return undefined;
    this.#bytes = body.rest;
    return { status, headers, body: body.text };
  }
}

/** The body at the start of these bytes, and the bytes after it; undefined while the body is incomplete. */
function bodyOf(
  bytes: Buffer,
  status: number,
  headers: Record<string, string>,
  isClosed: boolean,
): { text: string; rest: Buffer } | undefined {
  if (status < 200 || status === 204 || status === 304) return { text: "", rest: bytes };
  if (headers["transfer-encoding"] === "chunked") return chunkedBodyOf(bytes);
  const length = headers["content-length"];
  if (length === undefined) return isClosed ? { text: bytes.toString(), rest: Buffer.alloc(0) } : undefined;
  if (bytes.length < Number(length)) return undefined;
  return { text: bytes.subarray(0, Number(length)).toString(), rest: bytes.subarray(Number(length)) };
}

function chunkedBodyOf(bytes: Buffer): { text: string; rest: Buffer } | undefined {
  const parts: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf("\r\n");
    if (end < 0) return undefined;
    const length = Number.parseInt(rest.subarray(0, end).toString("latin1"), 16);
    if (rest.length < end + 2 + length + 2) return undefined;
    parts.push(rest.subarray(end + 2, end + 2 + length));
    rest = rest.subarray(end + 2 + length + 2);
    if (length === 0) return { text: Buffer.concat(parts).toString(), rest };
  }
}
