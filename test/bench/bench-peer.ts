// A peer that measures: counts the messages with a piece in them, tells its meter how old each was, and remembers the
// newest one's number. Speaks plain JSON messages, or the same inside Socket.IO's framing.
import { type PeerOptions, RawPeer } from "../load/raw-peer.ts";
import { Histogram } from "./histogram.ts";
import { monotonicUs } from "./monotonic.ts";
import { firstHash, hash, lastHash, numberAfter, stampBefore } from "./piece.ts";

/** One for all peers of a generator. */
export class Meter {
  readonly latencies = new Histogram();
  /** Pieces received by peers that count. */
  deliveries = 0;
  /** Reads of sockets: fewer than deliveries when several came joined. */
  reads = 0;
  /** How far before the end the newest piece was in the last message: mostly it is there again. */
  tail = 0;

  clear(): void {
    this.latencies.clear();
    this.deliveries = 0;
    this.reads = 0;
  }
}

export type Dialect = "json" | "socket.io";

export class BenchPeer extends RawPeer {
  readonly #meter: Meter;
  readonly #dialect: Dialect;
  /** Does what it receives count? */
  isMeasured = true;
  messages = 0;
  /** Of the newest piece: the highest so far. */
  number = 0;
  /** Microseconds, one a piece, when somebody wants them by socket. */
  ownLatencies: number[] | undefined;
  /** Sees each message as well; costs time. */
  listener: ((bytes: Buffer, start: number, end: number) => void) | undefined;
  #nowUs = 0;

  constructor(url: string, meter: Meter, dialect: Dialect, options: PeerOptions) {
    super(url, dialect === "json" ? options : { ...options, path: "/socket.io/?EIO=4&transport=websocket" });
    this.#meter = meter;
    this.#dialect = dialect;
  }

  send(message: object): void {
    const text = JSON.stringify(message);
    this.sendText(this.#dialect === "json" ? text : `42["m",${text}]`);
  }

  protected override upgraded(): void {
    // With Socket.IO it is in when its namespace has been joined.
    if (this.#dialect === "json") this.isIn();
  }

  protected override reading(): void {
    this.#nowUs = monotonicUs();
    if (this.isMeasured) this.#meter.reads++;
  }

  protected override text(bytes: Buffer, start: number, end: number): void {
    if (this.#dialect === "socket.io" && this.#isFraming(bytes, start)) return;
    this.messages++;
    this.#measure(bytes, start, end);
    this.listener?.(bytes, start, end);
  }

  #measure(bytes: Buffer, start: number, end: number): void {
    const meter = this.#meter;
    let newest = end - meter.tail;
    let oldest = newest;
    if (newest < start || bytes[newest] !== hash) {
      newest = lastHash(bytes, start, end);
      if (newest < 0) return;
      meter.tail = end - newest;
      oldest = firstHash(bytes, start, end);
    }
    const number = numberAfter(bytes, newest);
    if (number > this.number) this.number = number;
    if (!this.isMeasured) return;
    meter.deliveries += oldest === newest ? 1 : number - numberAfter(bytes, oldest) + 1;
    const us = this.#nowUs - stampBefore(bytes, oldest);
    meter.latencies.record(us);
    this.ownLatencies?.push(us);
  }

  /** Engine.IO 4: open, ping; Socket.IO 5: connect. Only events are messages. */
  #isFraming(bytes: Buffer, start: number): boolean {
    const packet = bytes[start];
    const kind = bytes[start + 1];
    if (packet === 0x34 && kind === 0x32) return false;
    if (packet === 0x30) this.sendText("40");
    else if (packet === 0x32) this.sendText("3");
    else if (packet === 0x34 && kind === 0x30) this.isIn();
    return true;
  }
}
