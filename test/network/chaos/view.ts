// What one client of the chaos has of its conversation: strict about the numbering, so that a lost or doubled event
// fails at once, and open to what the history adds.
import type { DeltaEvent, Message } from "../../support/client.ts";

export interface StreamCursor {
  epoch: string;
  seq: number;
}

interface SeenTurn {
  text: string;
  sealed: boolean;
  /** Read from the history, not heard. */
  stored: boolean;
}

export class View {
  cursor: StreamCursor | undefined;
  readonly turns = new Map<string, SeenTurn>();
  /** Events taken, joined ones counted singly. */
  events = 0;
  #mayJump = true;

  /** A new subscription that goes on after the cursor. */
  resumed(): void {
    this.#mayJump = false;
  }

  /** A new subscription without a past: the running turn comes from its first event, and the numbers begin anywhere. */
  startsAnew(): void {
    this.#mayJump = true;
    for (const [turnId, { sealed }] of this.turns) if (!sealed) this.turns.delete(turnId);
  }

  /** @throws Error at a hole, or at what came twice. */
  take(message: Message, event: DeltaEvent): void {
    const { epoch, seq, fromSeq = seq } = message as Message & { epoch: string; seq: number; fromSeq?: number };
    const { cursor } = this;
    const follows = cursor?.epoch === epoch && fromSeq === cursor.seq + 1;
    if (!follows && !this.#mayJump)
      throw new Error(`after ${JSON.stringify(cursor)} came ${JSON.stringify({ epoch, seq, fromSeq })}`);
    this.#mayJump = false;
    this.cursor = { epoch, seq };
    this.events += seq - fromSeq + 1;
    const known = this.turns.get(event.turnId);
    // A turn that is followed live leaves its chunks aside (protocol 3).
    const turn = known && !known.stored ? known : { text: "", sealed: false, stored: false };
    this.turns.set(event.turnId, turn);
    if (turn.sealed) throw new Error(`the turn ${event.turnId} went on after its seal: ${event.type}`);
    if (event.type === "text-delta") turn.text += String(event["delta"]);
    if (event.type === "turn-sealed") turn.sealed = true;
  }

  /** What is stored of a turn that this client does not follow live. */
  fill(turnId: string, text: string): void {
    if (!this.turns.has(turnId)) this.turns.set(turnId, { text, sealed: true, stored: true });
  }

  has(turnId: string): boolean {
    return this.turns.get(turnId)?.sealed === true;
  }
}
