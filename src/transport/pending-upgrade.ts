// An upgrade that waits at the entrance: what it sends meanwhile is kept for ws, and is little, and that it has gone is
// seen at once. A stream whose bytes nobody takes tells nothing of its end.
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";

export class PendingUpgradeStream {
  readonly #stream: Duplex;
  readonly #bytesMax: number;
  readonly #onGone: () => void;
  readonly #onTooMuch: () => void;
  readonly #early: Buffer[];
  #bytes: number;

  /**
   * @param head what came with the request, after it.
   * @param onGone its peer has gone, or the stream has broken; it is destroyed.
   * @param onTooMuch it has said more than it may before it is answered; it is not kept any more.
   */
  constructor(
    stream: Duplex,
    head: Buffer,
    { pendingUpgradeBytesMax }: Pick<Limits, "pendingUpgradeBytesMax">,
    { onGone, onTooMuch }: { onGone: () => void; onTooMuch: () => void },
  ) {
    this.#stream = stream;
    this.#bytesMax = pendingUpgradeBytesMax;
    this.#onGone = onGone;
    this.#onTooMuch = onTooMuch;
    this.#early = [head];
    this.#bytes = head.length;
    stream.on("error", this.#end);
    stream.on("close", this.#end);
    stream.on("end", this.#end);
    stream.on("data", this.#data);
  }

  /** Whoever has the stream from now on is to resume it. @returns all that came before. */
  release(): Buffer {
    const stream = this.#stream;
    stream.pause();
    stream.off("error", this.#end);
    stream.off("close", this.#end);
    stream.off("end", this.#end);
    stream.off("data", this.#data);
    return Buffer.concat(this.#early);
  }

  readonly #end = (): void => {
    this.release();
    this.#stream.destroy();
    this.#onGone();
  };

  readonly #data = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.#onTooMuch();
    else this.#early.push(chunk);
  };
}
