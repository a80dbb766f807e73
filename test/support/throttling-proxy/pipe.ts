// One direction of a connection through the proxy: takes from the source what may pass now, and not a byte more.
import type { Socket } from "node:net";

const tickMs = 10;

export class Pipe {
  /** What a socket of the proxy buffers by itself. */
  static readonly bufferBytes = 16 * 1024;
  /** The largest piece that passes at once. */
  bytesMax = Number.POSITIVE_INFINITY;
  /** Bytes that have passed. */
  passed = 0;
  readonly #source: Socket;
  readonly #sink: Socket;
  #rate = Number.POSITIVE_INFINITY;
  #allowance = 0;
  #timer: NodeJS.Timeout | undefined;
  #burst: { onMs: number; offMs: number; since: number } | undefined;
  #filledAt = 0;

  constructor(source: Socket, sink: Socket) {
    this.#source = source;
    this.#sink = sink;
    source.on("readable", () => this.#pump());
    sink.on("drain", () => this.#pump());
    source.on("end", () => sink.end());
  }

  /** Bytes a second; undefined: no bound; 0: nothing. */
  throttle(bytesPerSecond: number | undefined): void {
    this.#burst = undefined;
    this.#setRate(bytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  /** Everything for onMs, nothing for offMs, in turns. */
  burst(onMs: number, offMs: number): void {
    this.#setRate(0);
    this.#burst = { onMs, offMs, since: performance.now() };
    this.#tickWhileBound();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #setRate(rate: number): void {
    this.#rate = rate;
    this.#allowance = 0;
    this.#filledAt = performance.now();
    this.#tickWhileBound();
    this.#pump();
  }

  /** Without a bound nothing has to be looked at again. */
  #tickWhileBound(): void {
    const isBound = Number.isFinite(this.#rate) || this.#burst !== undefined;
    if (!isBound) this.stop();
    else this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  #tick(): void {
    const now = performance.now();
    if (this.#burst) {
      const { onMs, offMs, since } = this.#burst;
      this.#rate = (now - since) % (onMs + offMs) < onMs ? Number.POSITIVE_INFINITY : 0;
    }
    if (Number.isFinite(this.#rate)) {
      // At most 100 ms' worth: what was not used is gone.
      const ceiling = Math.max(1, this.#rate / 10);
      this.#allowance = Math.min(ceiling, this.#allowance + (this.#rate * (now - this.#filledAt)) / 1_000);
    }
    this.#filledAt = now;
    this.#pump();
  }

  #pump(): void {
    while (!this.#sink.destroyed && !this.#sink.writableNeedDrain) {
      const budget = Number.isFinite(this.#rate) ? Math.floor(this.#allowance) : Number.POSITIVE_INFINITY;
      const bytes = Math.min(this.#source.readableLength, budget, this.bytesMax);
      const piece: Buffer | null = bytes > 0 ? this.#source.read(bytes) : null;
      if (piece === null) {
        // An empty stream is asked once more, so that it looks for its end.
        if (budget > 0 && this.#source.readableLength === 0) this.#source.read(0);
        return;
      }
      if (Number.isFinite(this.#rate)) this.#allowance -= piece.length;
      this.passed += piece.length;
      this.#sink.write(piece);
    }
  }
}
