// What one client of the chaos run knows of its conversation. It is strict about the numbering, so that a lost or
// repeated event fails at once. It also accepts turns from the history.
import type { DeltaEvent, Message } from "../../support/client.ts";

export interface StreamCursor {
  epoch: string;
  seq: number;
}

interface SeenTurn {
  text: string;
  sealed: boolean;
  /** Read from the history, not received live. */
  stored: boolean;
}

export class View {
  cursor: StreamCursor | undefined;
  readonly turns = new Map<string, SeenTurn>();
  /** Events received. Each event inside a joined one counts. */
  events = 0;
  #mayJump = true;

  /** A new subscription that continues after the cursor. */
  resumed(): void {
    this.#mayJump = false;
  }

  /** A new subscription that does not resume: the running turn arrives from its first event, with any first number. */
  startsAnew(): void {
    this.#mayJump = true;
    for (const [turnId, { sealed }] of this.turns) if (!sealed) this.turns.delete(turnId);
  }

  /** @throws Error at a gap, or at an event that came twice. */
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
    // Live events replace what the history has of a turn (protocol 3).
    const turn = known && !known.stored ? known : { text: "", sealed: false, stored: false };
    this.turns.set(event.turnId, turn);
    if (turn.sealed) throw new Error(`the turn ${event.turnId} went on after its seal: ${event.type}`);
    if (event.type === "text-delta") turn.text += String(event["delta"]);
    if (event.type === "turn-sealed") turn.sealed = true;
  }

  /** Adds a stored turn, unless this client already knows it. */
  fill(turnId: string, text: string): void {
    if (!this.turns.has(turnId)) this.turns.set(turnId, { text, sealed: true, stored: true });
  }

  has(turnId: string): boolean {
    return this.turns.get(turnId)?.sealed === true;
  }
}
