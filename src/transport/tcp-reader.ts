// Puts the fair reader between a TCP connection and its parser, which is ws or Node's HTTP parser. Both parsers listen
// to the socket's `data` event. The reader replaces that listener and passes slices to it.
import type { Socket as TcpSocket } from "node:net";
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";
import { FairReader } from "./fair-reader.ts";

/** The parser of a connection's bytes. */
export interface Consumer {
  /** The parser's own `data` listener; set by attach(). */
  parse: ((this: TcpSocket, chunk: Buffer) => void) | undefined;
  /** A slice has been parsed. */
  afterSlice(): void;
  /** The peer has been sending faster than it is read for limits.inputBusyMsMax. */
  busyTooLong(): void;
}

const consumer = Symbol("consumer");

/** A TCP connection with its consumer. */
export interface ReadSocket extends TcpSocket {
  [consumer]?: Consumer | undefined;
}

/** Slices from this size on are corked. A shorter one is usually a single message. */
const corksFromBytes = 256;

export class TcpReader extends FairReader<ReadSocket> {
  constructor(clock: Clock, limits: Limits) {
    const parse = (tcp: ReadSocket, slice: Buffer): void => {
      // The replies to many frames leave in one system call.
      const corks = slice.length > corksFromBytes;
      if (corks) tcp.cork();
      tcp[consumer]?.parse?.call(tcp, slice);
      tcp[consumer]?.afterSlice();
      if (corks) tcp.uncork();
    };
    super(clock, limits, parse, (tcp) => tcp[consumer]?.busyTooLong());
    const take = (tcp: ReadSocket, chunk: Buffer): void => this.take(tcp, chunk);
    // One function for all connections, instead of a closure for each.
    this.#onData = function onData(this: TcpSocket, chunk: Buffer): void {
      take(this, chunk);
      if (this.isPaused()) dropUnreadOnClose(this);
    };
  }

  readonly #onData: (this: TcpSocket, chunk: Buffer) => void;

  /** @throws Error unless the connection has exactly one `data` listener: its parser then reads in another way. */
  attach(tcp: ReadSocket, by: Consumer): void {
    const [listener, ...others] = tcp.listeners("data");
    if (!listener || others.length > 0) throw new Error("a TCP connection must have exactly one data listener");
    by.parse = listener as Consumer["parse"];
    tcp.off("data", listener as (chunk: Buffer) => void);
    tcp.on("data", this.#onData);
    tcp[consumer] = by;
  }

  /** Another parser takes over the connection. @returns the bytes received and not parsed. */
  detach(tcp: ReadSocket): Buffer {
    tcp.off("data", this.#onData);
    tcp[consumer] = undefined;
    return this.withdraw(tcp);
  }

  override hold(tcp: ReadSocket): void {
    dropUnreadOnClose(tcp);
    super.hold(tcp);
  }
}

/** Connections that have the listener below. */
const dropping = new WeakSet<TcpSocket>();

/**
 * Discards unread bytes when the connection closes. Otherwise its parser would parse all of them at once, possibly tens
 * of thousands of frames.
 */
function dropUnreadOnClose(tcp: TcpSocket): void {
  if (dropping.has(tcp)) return;
  dropping.add(tcp);
  tcp.prependOnceListener("close", dropUnread);
}

function dropUnread(this: TcpSocket): void {
  this.read();
}
