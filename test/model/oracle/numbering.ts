// The numbers of one conversation's events: at which event each epoch begins, what the log still holds, and whether the
// verdict on a subscription is true (protocol 2, cursor and resume). Learns epochs from the messages that clients get,
// and must never use the server's internals.
import type { OracleConversation } from "./conversation.ts";
import type { Cursor } from "./messages.ts";

export interface Verdict extends Cursor {
  turnId: string | null;
  recovered: boolean;
}

/** A subscription that was handled at some time between `at` and `until`. */
export interface Asked {
  after: Cursor | undefined;
  /** The socket was subscribed already. */
  isPresent: boolean;
  at: number;
  until: number;
}

interface Epoch {
  /** How many events precede the first one of the epoch. Several candidates while this is undecided. */
  firsts: number[];
  /** The highest number that any client has seen in the epoch. */
  seq: number;
  isOver: boolean;
}

export class OracleNumbering {
  readonly #conversation: OracleConversation;
  readonly #epochs = new Map<string, Epoch>();
  /** The log holds all events from this one on. */
  #heldFrom = 0;

  constructor(conversation: OracleConversation) {
    this.#conversation = conversation;
  }

  /** Whether it is undecided at which event this epoch begins. */
  isOpen(epoch: string): boolean {
    return this.#epochs.get(epoch)?.firsts.length !== 1;
  }

  /** An event came with this number. `after`: how many events there were including this one, if known. */
  hasNumbered({ epoch, seq }: Cursor, after: number | undefined): void {
    const known = this.#epochs.get(epoch);
    if (known) known.seq = Math.max(known.seq, seq);
    if (after === undefined) return;
    if (known) known.firsts = [after - seq];
    else this.#epochs.set(epoch, { firsts: [after - seq], seq, isOver: false });
  }

  /** All places where a watch may begin according to this verdict. Empty if the verdict was true at no moment. */
  judge(asked: Asked, verdict: Verdict): number[] {
    const places: number[] = [];
    const firsts: number[] = [];
    if (this.#mustBeAnother(asked, verdict.epoch)) return [];
    for (let moment = asked.at; moment <= asked.until; moment++)
      for (const first of this.#firstsAt(moment, verdict)) {
        const from = this.#beginning(asked, verdict, moment, first);
        if (from === undefined) continue;
        places.push(from);
        firsts.push(first);
      }
    if (places.length > 0) {
      const seq = Math.max(verdict.seq, this.#epochs.get(verdict.epoch)?.seq ?? 0);
      this.#epochs.set(verdict.epoch, { firsts: [...new Set(firsts)], seq, isOver: false });
    }
    return [...new Set(places)];
  }

  /** The places right after this cursor. */
  placesOf({ epoch, seq }: Cursor): number[] {
    return (this.#epochs.get(epoch)?.firsts ?? []).map((first) => first + seq);
  }

  /** The log forgets its sealed turns. Without a watcher and a turn (`isDeserted`), the epoch ends (protocol 2). */
  sheds(isDeserted: boolean): void {
    const { now } = this.#conversation;
    this.#heldFrom = this.#conversation.beginningAt(now);
    if (isDeserted) for (const epoch of this.#epochs.values()) epoch.isOver = true;
  }

  /** Whether this epoch cannot be the current one: it is over, or the log of another epoch is kept. */
  #mustBeAnother({ at }: Asked, epoch: string): boolean {
    if (this.#epochs.get(epoch)?.isOver) return true;
    return [...this.#epochs].some(([name, { firsts, seq, isOver }]) => {
      const first = Math.max(...firsts);
      return name !== epoch && !isOver && Math.max(first, this.#heldFrom) < Math.min(at, first + seq);
    });
  }

  /** How many events may precede the first of the epoch, if its newest number at this moment is `seq`. */
  #firstsAt(moment: number, { epoch, seq }: Verdict): number[] {
    const first = moment - seq;
    const known = this.#epochs.get(epoch);
    if (known) return known.firsts.filter((one) => one === first);
    return this.#conversation.beginningsSince(0).includes(first) ? [first] : [];
  }

  #beginning({ after, isPresent }: Asked, verdict: Verdict, moment: number, first: number): number | undefined {
    const { epoch, seq, turnId, recovered } = verdict;
    if (turnId !== (this.#conversation.turnAt(moment) ?? null)) return undefined;
    const isHeld =
      after !== undefined && after.epoch === epoch && after.seq <= seq && first + after.seq >= this.#heldFrom;
    if (recovered !== (isPresent || isHeld)) return undefined;
    return isHeld && !isPresent ? first + after.seq : this.#conversation.beginningAt(moment);
  }
}
