// A WebSocket of ws as the Socket and SocketListener that the rest of the server knows.
import { type RawData, WebSocket } from "ws";
import type { Socket, SocketListener } from "../egress/socket.ts";
import { closes } from "../protocol/closes.ts";
import { encodePongs } from "../protocol/frame.ts";
import type { Consumer, ReadSocket, TcpReader } from "./tcp-reader.ts";
import type { Admission } from "./upgrades.ts";

/** One WebSocket of the server. Its fields stand where a closure for each event of each socket would be. */
export class ServerSocket extends WebSocket implements Consumer {
  parse: Consumer["parse"];
  listener: SocketListener | undefined;
  /** Called when it has gone: one function for all of them. */
  leave: ((gone: ServerSocket) => void) | undefined;
  admission: Admission | undefined;
  pongsMax = 1;
  /** When it was taken in; monotonic, ms. */
  openedAt = 0;
  /** It was thrown out, or has broken the protocol. */
  misbehaved = false;
  /** What it reads is taken from here. */
  reader: TcpReader | undefined;
  tcp: ReadSocket | undefined;
  /** The payloads of pings that are not answered, latin1: a part of a buffer would keep all of it. */
  #pings: string[] | undefined;
  #answersPings = false;

  /** Called by ws itself: it has the peer's close frame, or the peer has broken the protocol. It listens no more. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    if (this.tcp) this.reader?.ignore(this.tcp);
  }

  /** Of more pings than it may be owed pongs for, the newest are answered (RFC 6455 5.5.3). */
  pinged(payload: Buffer): void {
    this.#pings ??= [];
    this.#pings.push(payload.toString("latin1"));
    if (this.#pings.length > this.pongsMax) this.#pings.shift();
  }

  afterSlice(): void {
    this.#answerPings();
  }

  tooMuch(): void {
    this.listener?.flooding();
  }

  /** In one write for what was read at once; who does not read what it is sent is given no more meanwhile. */
  #answerPings(): void {
    const { tcp } = this;
    if (!this.#pings || this.#answersPings || !tcp?.writable || this.readyState !== WebSocket.OPEN) return;
    const pongs = encodePongs(this.#pings);
    this.#pings = undefined;
    this.#answersPings = true;
    tcp.write(pongs, (error) => {
      this.#answersPings = false;
      if (!error) this.#answerPings();
    });
  }

  /** Our own close frame: the peer's is still to be heard. */
  sayClose(code: number, reason: string): void {
    if (code === closes.tooManyRequests.code) this.misbehaved = true;
    super.close(code, reason);
  }
}

/** What the rest of the server does to a WebSocket. */
export class WsSocket implements Socket {
  readonly #webSocket: ServerSocket;
  readonly #tcp: ReadSocket;
  readonly #reader: TcpReader;

  constructor(webSocket: ServerSocket, tcp: ReadSocket, reader: TcpReader) {
    this.#webSocket = webSocket;
    this.#tcp = tcp;
    this.#reader = reader;
  }

  write(frames: Buffer): void {
    if (this.#webSocket.readyState === WebSocket.OPEN && this.#tcp.writable) this.#tcp.write(frames);
  }

  hold(): void {
    this.#tcp.cork();
  }

  release(): void {
    this.#tcp.uncork();
  }

  ping(payload: string): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping(payload);
  }

  close(code: number, reason: string): void {
    this.#webSocket.sayClose(code, reason);
  }

  cut(): void {
    this.#webSocket.terminate();
  }

  unsentBytes(): number {
    return this.#tcp.writableLength;
  }

  busySince(): number | undefined {
    return this.#reader.busySince(this.#tcp);
  }

  began(ms: number): void {
    this.#reader.began(this.#tcp, ms);
  }

  stopReading(): void {
    this.#reader.hold(this.#tcp);
  }

  readOn(): void {
    this.#reader.letGo(this.#tcp);
  }
}

/** Hears the WebSocket's end from now on. */
export function hearEnd(webSocket: ServerSocket): void {
  webSocket.on("error", onError);
  webSocket.on("close", onClose);
}

/** Hears what it says. */
export function hearMessages(webSocket: ServerSocket, listener: SocketListener): void {
  webSocket.listener = listener;
  webSocket.on("message", onMessage);
  webSocket.on("pong", onPong);
  webSocket.on("ping", onPing);
}

function onMessage(this: WebSocket, data: RawData): void {
  if (this instanceof ServerSocket) this.listener?.message(asBuffer(data));
}

function onPong(this: WebSocket, payload: Buffer): void {
  if (this instanceof ServerSocket) this.listener?.pong(payload.toString("latin1"));
}

/** A peer's ping is a sign of life. */
function onPing(this: WebSocket, payload: Buffer): void {
  if (!(this instanceof ServerSocket)) return;
  this.pinged(payload);
  this.listener?.pong("");
}

function onClose(this: WebSocket): void {
  if (!(this instanceof ServerSocket)) return;
  this.leave?.(this);
  this.listener?.closed();
}

/** ws has found the peer in breach of RFC 6455 and is closing with the code for it (1002, 1007, 1009), or TCP broke. */
function onError(this: WebSocket): void {
  if (!(this instanceof ServerSocket)) return;
  this.misbehaved = true;
  this.listener?.broken();
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
