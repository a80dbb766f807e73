// The raw test client: one WebSocket that keeps every message in order. Every await has a deadline, and its error shows
// the messages received. Must never help the server: on its own it answers nothing but WebSocket pings.
import { WebSocket } from "ws";
import { budgets } from "../budgets.ts";
import {
  type DeltaEvent,
  eventsOf,
  isMessage,
  type Message,
  type Transcript,
  transcriptOf,
} from "./client/transcript.ts";
import { within } from "./deadline.ts";

export type { DeltaEvent, Message, Transcript } from "./client/transcript.ts";

/** The message to wait for: a type, a predicate, or fields that must be present and equal (one level deep). */
export type Match = string | ((message: Message) => boolean) | Record<string, unknown>;

export interface ConnectOptions {
  /** Subprotocols to offer. */
  protocols?: string[];
  headers?: Record<string, string>;
  /** Whether to answer the server's pings. False simulates a reader whose acknowledgements never arrive. */
  autoPong?: boolean;
  deadlineMs?: number;
}

export interface Closed {
  code: number;
  reason: string;
}

/** The server answered the upgrade with plain HTTP. */
export class UpgradeRefused extends Error {
  override name = "UpgradeRefused";
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;

  constructor(status: number, headers: Record<string, string | string[] | undefined>, body: string) {
    super(`the upgrade was refused with ${status}: ${body}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** Opens a socket. Rejects with UpgradeRefused when the answer is plain HTTP. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Client> {
  const { protocols = [], headers = {}, autoPong = true, deadlineMs = budgets.awaitMs } = options;
  const socket = new WebSocket(url, protocols, { headers, autoPong, perMessageDeflate: false, maxPayload: 0 });
  const client = new Client(socket);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("open", resolve);
  socket.once("error", reject);
  socket.once("unexpected-response", (_request, response) => {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      body += text;
    });
    response.once("end", () => reject(new UpgradeRefused(response.statusCode ?? 0, response.headers, body)));
    response.once("error", reject);
  });
  try {
    await within(promise, `the upgrade of ${url}`, deadlineMs);
  } catch (error) {
    socket.terminate();
    throw error;
  }
  return client;
}

/** Expects that the upgrade is refused, and returns the refusal. */
export async function refusedUpgrade(url: string, options: ConnectOptions = {}): Promise<UpgradeRefused> {
  let client: Client;
  try {
    client = await connect(url, options);
  } catch (error) {
    if (error instanceof UpgradeRefused) return error;
    throw error;
  }
  client.kill();
  throw new Error(`${url} accepted the upgrade`);
}

interface Waiter {
  matches: (message: Message) => boolean;
  resolve: (message: Message) => void;
  reject: (error: Error) => void;
}

export class Client {
  readonly socket: WebSocket;
  /** All messages received, in order. */
  readonly received: Message[] = [];
  /** Called with every message, in addition to any wait for it. */
  onMessage: ((message: Message) => void) | undefined;
  /** Messages received in binary frames; the server sends none. */
  binaryFrames = 0;
  /** Resolves when the socket has closed, also after kill(). Never rejects. */
  readonly closed: Promise<Closed>;
  /** Messages received and not yet taken by next or nextAny. */
  readonly #unread: Message[] = [];
  readonly #waiters = new Set<Waiter>();
  #end: Closed | undefined;
  #protocolError: Error | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<Closed>();
    this.closed = promise;
    socket.on("message", (data, isBinary) => this.#take(String(data), isBinary));
    socket.on("error", (error) => {
      this.#protocolError = error;
    });
    socket.once("close", (code, reason) => {
      this.#end = { code, reason: reason.toString() };
      for (const waiter of this.#waiters) waiter.reject(new Error(this.#story("the socket closed during the wait")));
      this.#waiters.clear();
      resolve(this.#end);
    });
  }

  /** The subprotocol that the server chose; "" for none. */
  get protocol(): string {
    return this.socket.protocol;
  }

  send(message: unknown): void {
    this.sendRaw(JSON.stringify(message));
  }

  /** Sends text as a text frame, bytes as a binary frame. */
  sendRaw(data: string | Uint8Array): void {
    if (this.#end !== undefined) throw new Error(this.#story("cannot send: the socket is closed"));
    this.socket.send(data, { binary: typeof data !== "string" });
  }

  /**
   * Takes the oldest matching message not yet taken, or waits for one. Other messages stay for later calls, because the
   * order between kinds of message is not promised (protocol 1.5.7).
   */
  next(match: Match, deadlineMs: number = budgets.awaitMs): Promise<Message> {
    const matches = matcher(match);
    const at = this.#unread.findIndex(matches);
    const found = this.#unread[at];
    if (found !== undefined) {
      this.#unread.splice(at, 1);
      return Promise.resolve(found);
    }
    if (this.#end !== undefined) return Promise.reject(new Error(this.#story(`${shown(match)} never came`)));
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const waiter = { matches, resolve, reject };
    this.#waiters.add(waiter);
    return within(promise, () => this.#story(shown(match)), deadlineMs).finally(() => this.#waiters.delete(waiter));
  }

  /** Takes the oldest message not yet taken, of any type. */
  nextAny(deadlineMs: number = budgets.awaitMs): Promise<Message> {
    return this.next(() => true, deadlineMs);
  }

  /** Takes the next event of a conversation that matches by its type or its own fields. */
  async nextEvent(conversationId: string, match: Match, deadlineMs: number = budgets.awaitMs): Promise<DeltaEvent> {
    const matches = matcher(match);
    const isIt = (message: Message) => eventsOf([message], conversationId).some(matches);
    const message = await this.next(isIt, deadlineMs).catch((error: unknown) => {
      throw new Error(`${shown(match)} of ${conversationId}: ${String(error)}`, { cause: error });
    });
    const event = eventsOf([message], conversationId)[0];
    if (event === undefined) throw new Error("unreachable: the predicate asked for an event");
    return event;
  }

  /**
   * Proves that a message was not sent: when it resolves, the server has handled everything sent before, and every
   * reply, refusal and broadcast made until then is in `received`. Deltas not yet flushed may arrive later (protocol
   * 1.5.7).
   */
  async barrier(deadlineMs: number = budgets.awaitMs): Promise<readonly Message[]> {
    this.send({ type: "ping" });
    await this.next("pong", deadlineMs);
    return this.received;
  }

  /** The messages not yet taken, filtered by `match`. They stay untaken. */
  unread(match?: Match): Message[] {
    return match === undefined ? [...this.#unread] : this.#unread.filter(matcher(match));
  }

  /** Joins a conversation's events from received[from] on. Throws when their cursors show a gap. */
  transcript(conversationId: string, from = 0): Transcript {
    return transcriptOf(this.received.slice(from), conversationId);
  }

  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Stops reading at the TCP level: the kernel's buffers fill, then the server's. The client sends no pongs either. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Does the whole closing handshake. */
  async close(code = 1000, reason = "", deadlineMs: number = budgets.awaitMs): Promise<Closed> {
    this.socket.close(code, reason);
    return await this.untilClosed(deadlineMs);
  }

  async untilClosed(deadlineMs: number = budgets.awaitMs): Promise<Closed> {
    return await within(this.closed, () => this.#story("the socket to close"), deadlineMs);
  }

  /** Destroys the TCP connection, as a laptop does when it is closed. `closed` then resolves with code 1006. */
  kill(): void {
    this.socket.terminate();
  }

  [Symbol.dispose](): void {
    this.kill();
  }

  #take(text: string, isBinary: boolean): void {
    if (isBinary) this.binaryFrames += 1;
    const parsed: unknown = JSON.parse(text);
    if (!isMessage(parsed)) throw new Error(`the server sent something that is not a message: ${text.slice(0, 300)}`);
    this.received.push(parsed);
    this.onMessage?.(parsed);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(parsed)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(parsed);
      return;
    }
    this.#unread.push(parsed);
  }

  #story(what: string): string {
    const newest = this.received.slice(-12).map((message) => `    ${JSON.stringify(message).slice(0, 240)}`);
    const head =
      this.received.length > newest.length ? `${this.received.length} messages came, the newest` : "what came";
    const end = this.#end === undefined ? "" : `\n  closed with ${this.#end.code} ${JSON.stringify(this.#end.reason)}`;
    const error = this.#protocolError === undefined ? "" : `\n  socket error: ${this.#protocolError.message}`;
    return `${what}\n  ${head}:\n${newest.join("\n") || "    nothing"}${end}${error}`;
  }
}

function matcher(match: Match): (message: Message) => boolean {
  if (typeof match === "function") return match;
  if (typeof match === "string") return (message) => message.type === match;
  const wanted = Object.entries(match);
  return (message) => wanted.every(([field, value]) => Object.is(message[field], value));
}

function shown(match: Match): string {
  if (typeof match === "string") return `a message ${JSON.stringify(match)}`;
  return typeof match === "function" ? `a message where ${String(match)}` : `a message with ${JSON.stringify(match)}`;
}
