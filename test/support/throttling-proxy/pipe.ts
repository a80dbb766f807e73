// One direction of a connection through the proxy. It reads from the source only the bytes that may pass now. The bytes
// in flight on a link with latency are bounded too, so that the sender feels back-pressure.
import type { Socket } from "node:net";

const tickMs = 10;
/** Most bytes in flight on a link with latency. */
const travellingBytesMax = 256 * 1024;

interface Travelling {
  piece: Buffer;
  arrivesAt: number;
}

export class Pipe {
  /** Bytes that a socket of the proxy buffers itself. */
  static readonly bufferBytes = 16 * 1024;
  /** Bytes that have passed. */
  passed = 0;
  /** The source has ended its side (FIN). */
  hasEnded = false;
  readonly #source: Socket;
  readonly #sink: Socket;
  #rate = Number.POSITIVE_INFINITY;
  #allowance = 0;
  #timer: NodeJS.Timeout | undefined;
  #burst: { onMs: number; offMs: number; since: number } | undefined;
  #filledAt = 0;
  #latencyMs = 0;
  #travelling: Travelling[] = [];
  #travellingBytes = 0;
  #pieceBytes: (() => number) | undefined;
  #swallows = false;
  #isStopped = false;

  constructor(source: Socket, sink: Socket) {
    this.#source = source;
    this.#sink = sink;
    source.on("readable", () => this.#pump());
    sink.on("drain", () => this.#pump());
    source.on("end", () => {
      this.hasEnded = true;
      this.#pump();
    });
  }

  /** Passes this many bytes per second; undefined: no limit; 0: nothing. */
  throttle(bytesPerSecond: number | undefined): void {
    this.#burst = undefined;
    this.#setRate(bytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  /** Alternately passes everything for onMs and nothing for offMs. */
  burst(onMs: number, offMs: number): void {
    this.#setRate(0);
    this.#burst = { onMs, offMs, since: performance.now() };
    this.#tickWhileBound();
  }

  /** Delays every piece by this time, accurate to about a tick. */
  delay(latencyMs: number): void {
    this.#latencyMs = latencyMs;
    this.#tickWhileBound();
  }

  /** Passes pieces of this size, at most one per loop turn; undefined: no splitting. */
  split(pieceBytes: (() => number) | undefined): void {
    this.#pieceBytes = pieceBytes;
    this.#pump();
  }

  /** From now on reads everything at once and discards it. */
  swallow(): void {
    this.#swallows = true;
    this.#pump();
  }

  stop(): void {
    this.#isStopped = true;
    this.#travelling = [];
    this.#endTicks();
  }

  #setRate(rate: number): void {
    this.#rate = rate;
    this.#allowance = 0;
    this.#filledAt = performance.now();
    this.#tickWhileBound();
    this.#pump();
  }

  /** Without a bound no timer is needed. */
  #tickWhileBound(): void {
    const isBound =
      Number.isFinite(this.#rate) || this.#burst !== undefined || this.#latencyMs > 0 || this.#travelling.length > 0;
    if (!isBound || this.#isStopped) this.#endTicks();
    else this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  #endTicks(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    if (this.#burst) {
      const { onMs, offMs, since } = this.#burst;
      this.#rate = (now - since) % (onMs + offMs) < onMs ? Number.POSITIVE_INFINITY : 0;
    }
    if (Number.isFinite(this.#rate)) {
      // At most 100 ms' worth of bytes: unused allowance expires.
      const ceiling = Math.max(1, this.#rate / 10);
      this.#allowance = Math.min(ceiling, this.#allowance + (this.#rate * (now - this.#filledAt)) / 1_000);
    }
    this.#filledAt = now;
    this.#pump();
    this.#tickWhileBound();
  }

  #pump(): void {
    if (this.#isStopped) return;
    if (this.#swallows) while (this.#source.read() !== null);
    else while (this.#deliver() || this.#take());
    if (this.hasEnded && this.#travelling.length === 0) this.#sink.end();
  }

  /** Writes the first piece to the sink if its latency is over. */
  #deliver(): boolean {
    const [first] = this.#travelling;
    if (!first || this.#sink.destroyed || this.#sink.writableNeedDrain || first.arrivesAt > performance.now())
      return false;
    this.#travelling.shift();
    this.#travellingBytes -= first.piece.length;
    this.#sink.write(first.piece);
    return true;
  }

  #take(): boolean {
    const isFull = this.#latencyMs > 0 ? this.#travellingBytes >= travellingBytesMax : this.#sink.writableNeedDrain;
    if (isFull || this.#sink.destroyed) return false;
    const budget = Number.isFinite(this.#rate) ? Math.floor(this.#allowance) : Number.POSITIVE_INFINITY;
    const bytes = Math.min(this.#source.readableLength, budget, this.#pieceBytes?.() ?? Number.POSITIVE_INFINITY);
    const piece: Buffer | null = bytes > 0 ? this.#source.read(bytes) : null;
    if (piece === null) {
      // read(0) on an empty stream makes it detect its end.
      if (budget > 0 && this.#source.readableLength === 0) this.#source.read(0);
      return false;
    }
    if (Number.isFinite(this.#rate)) this.#allowance -= piece.length;
    this.passed += piece.length;
    this.#travelling.push({ piece, arrivesAt: performance.now() + this.#latencyMs });
    this.#travellingBytes += piece.length;
    if (!this.#pieceBytes) return true;
    this.#deliver();
    setImmediate(() => this.#pump());
    return false;
  }
}
