// Checks the numbers of the events that one watch gets: no gap within an epoch, and one epoch for the whole watch
// (protocol 2, cursor). Must never look at the events themselves.
import type { Message } from "../../support/client/transcript.ts";
import type { Cursor } from "./messages.ts";

export class OracleCursor {
  #epoch: unknown;
  #seq: number | undefined;

  /** The number of the last event; undefined before the first. */
  get seq(): number | undefined {
    return this.#seq;
  }

  /** The client has all events up to this one, so the next event must be the one after it. */
  goesOnAfter({ epoch, seq }: Cursor): void {
    this.#epoch = epoch;
    this.#seq = seq;
  }

  /** What is wrong with the number of this message, if anything. */
  advance({ epoch, seq, fromSeq = seq }: Message): string | undefined {
    if (typeof epoch !== "string" || typeof seq !== "number" || typeof fromSeq !== "number")
      return "an unnumbered event";
    const last = this.#seq;
    const before = this.#epoch;
    this.#epoch = epoch;
    this.#seq = seq;
    if (fromSeq > seq || fromSeq < 1) return `an event with fromSeq ${fromSeq} and seq ${seq}`;
    if (last === undefined) return undefined;
    if (epoch !== before) return "a new epoch for one who watches";
    return fromSeq === last + 1 ? undefined : `after seq ${last}, seq ${fromSeq}`;
  }
}
