// An upgrade that waits in the admission queue. It is read while it waits, because an unread stream never reports that
// its peer has gone. The few bytes it may send are kept for ws.
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";

interface PendingUpgradeEvents {
  /** The peer has gone or the stream failed. The stream is destroyed. */
  onGone(): void;
  /** The peer has sent more than pendingUpgradeBytesMax. The excess is not kept. */
  onTooMuch(): void;
}

const endings = ["error", "close", "end"];

export class PendingUpgradeStream {
  readonly #stream: Duplex;
  readonly #bytesMax: number;
  readonly #events: PendingUpgradeEvents;
  readonly #early: Buffer[];
  #bytes: number;

  /** @param head bytes received after the request's headers. */
  constructor(
    stream: Duplex,
    head: Buffer,
    { pendingUpgradeBytesMax }: Pick<Limits, "pendingUpgradeBytesMax">,
    events: PendingUpgradeEvents,
  ) {
    this.#stream = stream;
    this.#bytesMax = pendingUpgradeBytesMax;
    this.#events = events;
    this.#early = [head];
    this.#bytes = head.length;
    for (const event of endings) stream.on(event, this.#end);
    stream.on("data", this.#data);
  }

  /** Gives up the stream, paused: the caller must resume it. @returns all bytes received so far. */
  release(): Buffer {
    const stream = this.#stream;
    stream.pause();
    for (const event of endings) stream.off(event, this.#end);
    stream.off("data", this.#data);
    return Buffer.concat(this.#early);
  }

  readonly #end = (): void => {
    this.release();
    this.#stream.destroy();
    this.#events.onGone();
  };

  readonly #data = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.#events.onTooMuch();
    else this.#early.push(chunk);
  };
}
