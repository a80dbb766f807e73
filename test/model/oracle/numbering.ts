// The numbers of one conversation's events: which epoch counts from which event, what the log still holds, and whether
// the verdict on a subscription is true (protocol 2, cursor and resume). Learns epochs from what clients get, and must
// never be told by the server's inside.
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
  /** How many events there were before its first: several while that is left open. */
  firsts: number[];
  /** The highest number that anybody has seen in it. */
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

  /** Is it open from which event on this epoch counts? */
  isOpen(epoch: string): boolean {
    return this.#epochs.get(epoch)?.firsts.length !== 1;
  }

  /** An event has come under this number; `after`: how many there had been with it, where that was found out. */
  hasNumbered({ epoch, seq }: Cursor, after: number | undefined): void {
    const known = this.#epochs.get(epoch);
    if (known) known.seq = Math.max(known.seq, seq);
    if (after === undefined) return;
    if (known) known.firsts = [after - seq];
    else this.#epochs.set(epoch, { firsts: [after - seq], seq, isOver: false });
  }

  /**
   * Where a watch begins by this verdict: all places that it may mean. None: there is no moment at which it was true.
   */
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

  /** The sealed turns' part of the log is forgotten. Where nobody is there any more, the epoch ends (protocol 2). */
  sheds(isDeserted: boolean): void {
    const { now } = this.#conversation;
    this.#heldFrom = this.#conversation.beginningAt(now);
    if (isDeserted) for (const epoch of this.#epochs.values()) epoch.isOver = true;
  }

  /** The epoch is over, or there is another one whose log is kept. */
  #mustBeAnother({ at }: Asked, epoch: string): boolean {
    if (this.#epochs.get(epoch)?.isOver) return true;
    return [...this.#epochs].some(([name, { firsts, seq, isOver }]) => {
      const first = Math.max(...firsts);
      return name !== epoch && !isOver && Math.max(first, this.#heldFrom) < Math.min(at, first + seq);
    });
  }

  /** Before which event the epoch's numbers may begin, if so many of them are out at this moment. */
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
