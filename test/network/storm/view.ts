// What one client knows of one conversation, kept as protocol 2 and 3 prescribe: the turns that it followed live, and
// those that it read from the history. Strict: a missing, repeated or misplaced event is a fault.
import { isMessage, isRecord, type Message } from "../../support/client/transcript.ts";
import type { History } from "../../support/system-http.ts";

export interface StreamCursor {
  epoch: string;
  seq: number;
}

/** The parts of a turn that the events and the history both contain. */
export interface KnownTurn {
  prompt: string;
  text: string;
  reasoning: string;
  toolCalls: number;
}

interface LiveTurn extends KnownTurn {
  begun: boolean;
  reason: string | undefined;
  sealed: boolean;
}

const emptyTurn = (): KnownTurn => ({ prompt: "", text: "", reasoning: "", toolCalls: 0 });

/** The history's turns in order. */
export function storedTurns({ chunks }: History): Map<string, KnownTurn> {
  const turns = new Map<string, KnownTurn>();
  for (const { turnId, role, chunk } of chunks) {
    if (turnId === undefined) continue;
    const turn = turns.get(turnId) ?? emptyTurn();
    turns.set(turnId, turn);
    if (role === "user") turn.prompt += turn.prompt === "" ? chunk.text : `\n\n${chunk.text}`;
    else if (chunk.type === "text") turn.text += chunk.text;
    else if (chunk.type === "thinking") turn.reasoning += chunk.text;
    else if (chunk.type === "tool-call") turn.toolCalls++;
  }
  return turns;
}

export class View {
  cursor: StreamCursor | undefined;
  /** Events received. Each event inside a joined one counts. */
  events = 0;
  /** Messages that joined several events. */
  joined = 0;
  needsHistory = true;
  /** How often the view began anew. */
  beginnings = 0;
  readonly #live = new Map<string, LiveTurn>();
  #stored = new Map<string, KnownTurn>();
  #mayJump = true;
  #expectedTurnId: string | undefined;

  /** A subscription that continues right after the cursor. */
  resumes(): void {
    if (!this.cursor) throw new Error("the subscription was resumed without a cursor");
    this.#mayJump = false;
  }

  /**
   * A subscription that does not resume: the running turn arrives from its first event, and the rest is in the history.
   */
  beginsAnew(runningTurnId?: string): void {
    this.#mayJump = true;
    this.needsHistory = true;
    this.beginnings++;
    this.#expectedTurnId = runningTurnId;
    for (const [turnId, { sealed }] of this.#live) if (!sealed) this.#live.delete(turnId);
  }

  /** Takes the history, which is read after the subscription began. Turns that are followed live stay as received. */
  read(history: History): void {
    this.#stored = storedTurns(history);
    this.needsHistory = false;
  }

  /** @throws Error when this message may not come now. */
  take(message: Message): void {
    const event = message["event"];
    if (!isMessage(event) || typeof event["turnId"] !== "string")
      throw new Error("a chat.delta without a turn's event");
    this.#advance(message);
    this.#tell(event, event["turnId"]);
  }

  /** All known turns, each with the reason of its end if that was received live. */
  turns(): Map<string, KnownTurn & { reason?: string | undefined; sealed: boolean }> {
    const all = new Map<string, KnownTurn & { reason?: string | undefined; sealed: boolean }>();
    for (const [turnId, turn] of this.#stored) all.set(turnId, { ...turn, sealed: true });
    for (const [turnId, turn] of this.#live) all.set(turnId, turn);
    return all;
  }

  #advance({ epoch, seq, fromSeq = seq }: Message): void {
    if (typeof epoch !== "string" || typeof seq !== "number" || typeof fromSeq !== "number" || fromSeq > seq)
      throw new Error(`a chat.delta with the numbers ${JSON.stringify({ epoch, seq, fromSeq })}`);
    const { cursor } = this;
    const follows = cursor?.epoch === epoch && fromSeq === cursor.seq + 1;
    if (!follows && !this.#mayJump)
      throw new Error(`after ${JSON.stringify(cursor)} came ${JSON.stringify({ epoch, fromSeq, seq })}`);
    this.#mayJump = false;
    this.cursor = { epoch, seq };
    this.events += seq - fromSeq + 1;
    if (seq > fromSeq) this.joined++;
  }

  #tell(event: Message, turnId: string): void {
    const turn = this.#live.get(turnId);
    if (!turn) {
      this.#begin(event, turnId);
      return;
    }
    if (turn.sealed) throw new Error(`${event.type} after the turn was sealed`);
    if (turn.reason !== undefined && event.type !== "turn-sealed") throw new Error(`${event.type} after done`);
    if (!turn.begun && event.type !== "turn-start") throw new Error(`${event.type} before turn-start`);
    switch (event.type) {
      case "turn-start":
        if (turn.begun) throw new Error("turn-start came twice");
        turn.begun = true;
        break;
      case "user-message":
        throw new Error("user-message came twice");
      case "steering":
        turn.prompt += `\n\n${String(event["text"])}`;
        break;
      case "text-delta":
        turn.text += String(event["delta"]);
        break;
      case "reasoning-delta":
        turn.reasoning += String(event["delta"]);
        break;
      case "tool-call":
        turn.toolCalls++;
        break;
      case "done":
        turn.reason = String(event["reason"]);
        break;
      case "turn-sealed":
        if (turn.reason === undefined) throw new Error("turn-sealed before done");
        turn.sealed = true;
        break;
      default:
    }
  }

  #begin(event: Message, turnId: string): void {
    if (event.type !== "user-message") throw new Error(`the turn ${turnId} begins with ${event.type}`);
    if (this.#expectedTurnId !== undefined && this.#expectedTurnId !== turnId)
      throw new Error(`the turn ${this.#expectedTurnId} was announced, but ${turnId} came`);
    this.#expectedTurnId = undefined;
    for (const [other, { sealed }] of this.#live)
      if (!sealed) throw new Error(`the turn ${turnId} began before ${other} was sealed`);
    const prompt = String(event["text"]);
    this.#live.set(turnId, { ...emptyTurn(), prompt, begun: false, reason: undefined, sealed: false });
  }
}

/** Whether the message is an event of this conversation. */
export function isEventOf(message: Message, conversationId: string): boolean {
  const { event } = message;
  return message.type === "chat.delta" && isRecord(event) && event["conversationId"] === conversationId;
}
