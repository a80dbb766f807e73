// The fair reader between TCP connections and what parses their bytes: ws, or Node's HTTP parser. Both listen to their
// socket's `data`; the reader takes the listener's place and hands it slices.
import type { Socket as TcpSocket } from "node:net";
import type { Limits } from "../limits.ts";
import type { Clock } from "../runtime/clock.ts";
import { FairReader } from "./fair-reader.ts";

/** What takes a connection's bytes in. */
export interface Consumer {
  /** The listener that was found; set by attach. */
  parse: ((this: TcpSocket, chunk: Buffer) => void) | undefined;
  /** A slice has been parsed. */
  afterSlice(): void;
  /** The peer has sent more than is read, without a pause, for limits.inputBusyMsMax. */
  tooMuch(): void;
}

const consumer = Symbol("consumer");

/** A TCP connection that knows what parses its bytes. */
export interface ReadSocket extends TcpSocket {
  [consumer]?: Consumer | undefined;
}

/** A shorter slice is most often a single message. */
const corksFromBytes = 256;

export class TcpReader extends FairReader<ReadSocket> {
  constructor(clock: Clock, limits: Limits) {
    const parse = (tcp: ReadSocket, slice: Buffer): void => {
      // The answers to many frames leave in one system call.
      const corks = slice.length > corksFromBytes;
      if (corks) tcp.cork();
      tcp[consumer]?.parse?.call(tcp, slice);
      tcp[consumer]?.afterSlice();
      if (corks) tcp.uncork();
    };
    super(clock, limits, parse, (tcp) => tcp[consumer]?.tooMuch());
    const take = (tcp: ReadSocket, chunk: Buffer): void => this.take(tcp, chunk);
    // One function for all connections.
    this.#onData = function onData(this: TcpSocket, chunk: Buffer): void {
      take(this, chunk);
      if (this.isPaused()) forgetsRestOnClose(this);
    };
  }

  readonly #onData: (this: TcpSocket, chunk: Buffer) => void;

  /** @throws Error when the connection has no single `data` listener: its parser then reads in a way unknown to us. */
  attach(tcp: ReadSocket, by: Consumer): void {
    const [listener, ...others] = tcp.listeners("data");
    if (!listener || others.length > 0) throw new Error("a TCP connection is not read by one data listener");
    by.parse = listener as Consumer["parse"];
    tcp.off("data", listener as (chunk: Buffer) => void);
    tcp.on("data", this.#onData);
    tcp[consumer] = by;
  }

  /** Another one parses the connection from now on; answers what has come and has not been parsed. */
  detach(tcp: ReadSocket): Buffer {
    tcp.off("data", this.#onData);
    tcp[consumer] = undefined;
    return this.withdraw(tcp);
  }

  override hold(tcp: ReadSocket): void {
    forgetsRestOnClose(tcp);
    super.hold(tcp);
  }
}

/** Those that were paused once. */
const paused = new WeakSet<TcpSocket>();

/** A parser reads all that is left when a connection is gone: tens of thousands of frames at once, to no end. */
function forgetsRestOnClose(tcp: TcpSocket): void {
  if (paused.has(tcp)) return;
  paused.add(tcp);
  tcp.prependOnceListener("close", forgetRest);
}

function forgetRest(this: TcpSocket): void {
  this.read();
}
