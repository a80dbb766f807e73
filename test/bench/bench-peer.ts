// A measuring WebSocket client. It counts the pieces (piece.ts) that arrive, records their age in its meter and
// remembers the highest piece number. It speaks plain JSON messages, or the same messages in Socket.IO framing.
import { type PeerOptions, RawPeer } from "../load/raw-peer.ts";
import { Histogram } from "./histogram.ts";
import { monotonicUs } from "./monotonic.ts";
import { firstHash, hash, lastHash, numberAfter, stampBefore } from "./piece.ts";

/** The counters that all peers of a generator share. */
export class Meter {
  readonly latencies = new Histogram();
  /** Pieces received by the measured peers. */
  deliveries = 0;
  /** Socket reads of the measured peers. There are fewer reads than deliveries when pieces arrive joined. */
  reads = 0;
  /** Bytes from the newest piece's `#` to the end of the last message. Mostly the same in the next message. */
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
  /** Whether the meter counts this peer's messages. */
  isMeasured = true;
  messages = 0;
  /** The highest piece number received so far. */
  number = 0;
  /** Latencies of this socket, in microseconds. Recorded only if this is set to an array. */
  ownLatencies: number[] | undefined;
  /** Called with each message as well. Costs CPU time. */
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
    // A Socket.IO client is connected only when it has joined its namespace.
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

  /** Handles open and ping of Engine.IO 4 and connect of Socket.IO 5. Only Socket.IO events are messages. */
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
