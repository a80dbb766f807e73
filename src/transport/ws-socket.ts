// Adapts a WebSocket of ws to the server's own Socket and SocketListener.
import { type RawData, WebSocket } from "ws";
import type { Socket, SocketListener } from "../egress/socket.ts";
import { closes } from "../protocol/closes.ts";
import { encodePongs } from "../protocol/frame.ts";
import type { Consumer, ReadSocket, TcpReader } from "./tcp-reader.ts";
import type { Admission } from "./upgrades.ts";

/** One WebSocket of the server. It keeps its state in fields, so that event listeners need no closure per socket. */
export class ServerSocket extends WebSocket implements Consumer {
  parse: Consumer["parse"];
  listener: SocketListener | undefined;
  /** Called when it has closed. One function for all sockets. */
  leave: ((gone: ServerSocket) => void) | undefined;
  admission: Admission | undefined;
  pongsMax = 1;
  /** When it was accepted. Monotonic, ms. */
  openedAt = 0;
  /** It was closed for flooding, or violated RFC 6455. */
  misbehaved = false;
  /** Its bytes come from this reader. */
  reader: TcpReader | undefined;
  tcp: ReadSocket | undefined;
  /** Payloads of unanswered pings, as latin1 strings: a slice of a buffer would keep the whole buffer alive. */
  #pings: string[] | undefined;
  #isWritingPongs = false;

  /** Called by ws after the peer's close frame or a protocol violation. Nothing more is read. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    if (this.tcp) this.reader?.ignore(this.tcp);
  }

  /** Only the newest pongsMax pings are answered (RFC 6455 5.5.3). */
  pinged(payload: Buffer): void {
    this.#pings ??= [];
    this.#pings.push(payload.toString("latin1"));
    if (this.#pings.length > this.pongsMax) this.#pings.shift();
  }

  busyTooLong(): void {
    this.listener?.flooding();
  }

  /** Sends all pending pongs in one write. Later ones wait for it, so that a peer that reads nothing gets no more. */
  afterSlice(): void {
    const { tcp } = this;
    if (!this.#pings || this.#isWritingPongs || !tcp?.writable || this.readyState !== WebSocket.OPEN) return;
    const pongs = encodePongs(this.#pings);
    this.#pings = undefined;
    this.#isWritingPongs = true;
    tcp.write(pongs, (error) => {
      this.#isWritingPongs = false;
      if (!error) this.afterSlice();
    });
  }

  /** Sends our close frame. Reading goes on until the peer's arrives. */
  sendClose(code: number, reason: string): void {
    if (code === closes.tooManyRequests.code) this.misbehaved = true;
    super.close(code, reason);
  }
}

/** The Socket that the rest of the server uses. */
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
    this.#webSocket.sendClose(code, reason);
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
    this.#reader.release(this.#tcp);
  }
}

/** Attach before the socket is accepted. */
export function listenForEnd(webSocket: ServerSocket): void {
  webSocket.on("error", onError);
  webSocket.on("close", onClose);
}

export function listenForMessages(webSocket: ServerSocket, listener: SocketListener): void {
  webSocket.listener = listener;
  webSocket.on("message", onMessage);
  webSocket.on("pong", onPong);
  webSocket.on("ping", onPing);
}

/** A message is one Buffer, because binaryType stays "nodebuffer". */
function onMessage(this: WebSocket, data: RawData): void {
  if (this instanceof ServerSocket && Buffer.isBuffer(data)) this.listener?.message(data);
}

function onPong(this: WebSocket, payload: Buffer): void {
  if (this instanceof ServerSocket) this.listener?.pong(payload.toString("latin1"));
}

/** A peer's ping proves that it is alive. */
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

/** The peer violated RFC 6455 and ws is closing with the code for it (1002, 1007, 1009), or TCP failed. */
function onError(this: WebSocket): void {
  if (!(this instanceof ServerSocket)) return;
  this.misbehaved = true;
  this.listener?.broken();
}
