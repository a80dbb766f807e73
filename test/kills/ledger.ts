// What the server promised to its clients before it was killed, and when. The restarted server is checked against it.

/** A text that was sent or queued with an idempotency key. */
export interface Posted {
  name: string;
  conversationId: string;
  request: Record<string, unknown>;
  /** The reply, once it has arrived. */
  answer: Record<string, unknown> | undefined;
  /** The text was withdrawn or its conversation closed, so it may be missing. */
  mayBeGone: boolean;
}

/** A turn as a client has seen it. */
export interface SeenTurn {
  conversationId: string;
  turnId: string;
  /** The received text, with the time at which each piece arrived. */
  pieces: { at: number; text: string }[];
  doneReason: string | undefined;
  dones: number;
  sealed: boolean;
  /** The generation of the server in which the turn was last seen. */
  generation: number;
}

/** Replies that show how far the server's event loop had come. */
interface Progress {
  /** A request was sent then, and two more were after its reply: the loop has run whatever was due at that time. */
  ranUntil: number;
  /** When the last of the three replies arrived. */
  at: number;
}

export class Ledger {
  readonly posted = new Map<string, Posted>();
  readonly turns = new Map<string, SeenTurn>();
  generation = 0;
  compactions = 0;
  cancels = 0;
  #progress: Progress[] = [];
  #serial = 0;

  newName(): string {
    return `text-${++this.#serial}`;
  }

  begin(): void {
    this.generation++;
    this.#progress = [];
  }

  /** @param sentAt when the request before the request before this one was sent, each after the other's reply. */
  answered(sentAt: number): void {
    this.#progress.push({ ranUntil: sentAt, at: performance.now() });
  }

  /** Up to when the server has surely run whatever was due, as far as replies that arrived until a time show. */
  ranUntil(time: number): number {
    const shown = this.#progress.filter(({ at }) => at <= time);
    return Math.max(Number.NEGATIVE_INFINITY, ...shown.map(({ ranUntil }) => ranUntil));
  }

  /** Records a turn event that a client received. */
  saw(event: Record<string, unknown>): void {
    const { type, turnId, conversationId } = event;
    if (typeof turnId !== "string" || typeof conversationId !== "string") return;
    let turn = this.turns.get(turnId);
    if (!turn) {
      const none = { pieces: [], doneReason: undefined, dones: 0, sealed: false };
      turn = { conversationId, turnId, ...none, generation: this.generation };
      this.turns.set(turnId, turn);
    }
    turn.generation = this.generation;
    if (type === "text-delta") turn.pieces.push({ at: performance.now(), text: String(event["delta"]) });
    else if (type === "done") {
      turn.dones++;
      turn.doneReason = String(event["reason"]);
    } else if (type === "turn-sealed") turn.sealed = true;
  }
}

export const textOf = ({ pieces }: SeenTurn, until = Number.POSITIVE_INFINITY): string =>
  pieces
    .filter(({ at }) => at <= until)
    .map(({ text }) => text)
    .join("");
