// An upgrade that waits in the admission queue. It is read while it waits, because an unread stream never reports that
// its peer has gone. The few bytes it may send are kept for ws.
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
   * @param head bytes received after the request's headers.
   * @param onGone the peer has gone or the stream failed. The stream is destroyed.
   * @param onTooMuch the peer has sent more than pendingUpgradeBytesMax. The excess is not kept.
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

  /** Gives up the stream, paused: the caller must resume it. @returns all bytes received so far. */
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
