// Joins the events of one conversation that one socket received, and checks the cursor's promise (protocol 2): no event
// is missing or duplicated. Must never repair anything: a gap throws.

export interface Message {
  type: string;
  [field: string]: unknown;
}

/** An event of a turn, as received. */
export interface DeltaEvent extends Message {
  conversationId: string;
  turnId: string;
}

export interface Turn {
  turnId: string;
  text: string;
  reasoning: string;
  /** Its events in order; joined deltas stay joined. */
  events: DeltaEvent[];
  /** The reason in `done`; undefined before it. */
  reason: string | undefined;
  sealed: boolean;
}

export interface Transcript {
  /** All text-deltas joined. */
  text: string;
  reasoning: string;
  events: DeltaEvent[];
  turns: Turn[];
  /** The cursor of the last event; undefined without events. */
  cursor: { epoch: string; seq: number } | undefined;
  /** The seq of the first event. */
  firstSeq: number | undefined;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isMessage = (value: unknown): value is Message => isRecord(value) && typeof value["type"] === "string";

const isDeltaEvent = (value: unknown): value is DeltaEvent =>
  isMessage(value) && typeof value["conversationId"] === "string" && typeof value["turnId"] === "string";

/** The events of one conversation among these messages, in order, without a check for gaps. */
export function eventsOf(messages: readonly Message[], conversationId: string): DeltaEvent[] {
  const events: DeltaEvent[] = [];
  for (const message of messages) {
    const event = message["event"];
    if (message.type === "chat.delta" && isDeltaEvent(event) && event.conversationId === conversationId) {
      events.push(event);
    }
  }
  return events;
}

/**
 * Joins a conversation's events. A new epoch may begin anywhere with any seq. Within an epoch, every delta must begin
 * at the seq after the last. A client that subscribed twice must join each subscription's messages separately.
 */
export function transcriptOf(messages: readonly Message[], conversationId: string): Transcript {
  const transcript: Transcript = {
    text: "",
    reasoning: "",
    events: [],
    turns: [],
    cursor: undefined,
    firstSeq: undefined,
  };
  for (const message of messages) {
    const event = message["event"];
    if (message.type !== "chat.delta") continue;
    if (!isDeltaEvent(event)) throw new Error(`a chat.delta without a turn event: ${JSON.stringify(message)}`);
    if (event.conversationId !== conversationId) continue;
    advance(transcript, message);
    take(transcript, event);
  }
  return transcript;
}

function advance(transcript: Transcript, message: Message): void {
  const { epoch, seq, fromSeq = seq } = message;
  const shown = JSON.stringify(message).slice(0, 300);
  if (typeof epoch !== "string") throw new Error(`a chat.delta without an epoch: ${shown}`);
  if (!Number.isSafeInteger(seq) || typeof seq !== "number") throw new Error(`a chat.delta without a seq: ${shown}`);
  if (!Number.isSafeInteger(fromSeq) || typeof fromSeq !== "number" || fromSeq < 1 || fromSeq > seq) {
    throw new Error(`a chat.delta with the fromSeq ${String(fromSeq)}: ${shown}`);
  }
  const last = transcript.cursor;
  if (last !== undefined && last.epoch === epoch && fromSeq !== last.seq + 1) {
    throw new Error(`after seq ${last.seq} came ${fromSeq}, not ${last.seq + 1}: ${shown}`);
  }
  transcript.cursor = { epoch, seq };
  transcript.firstSeq ??= fromSeq;
}

function take(transcript: Transcript, event: DeltaEvent): void {
  let turn = transcript.turns.at(-1);
  if (turn?.turnId !== event.turnId) {
    turn = { turnId: event.turnId, text: "", reasoning: "", events: [], reason: undefined, sealed: false };
    transcript.turns.push(turn);
  }
  transcript.events.push(event);
  turn.events.push(event);
  const delta = typeof event["delta"] === "string" ? event["delta"] : "";
  if (event.type === "text-delta") {
    turn.text += delta;
    transcript.text += delta;
  } else if (event.type === "reasoning-delta") {
    turn.reasoning += delta;
    transcript.reasoning += delta;
  } else if (event.type === "done") {
    turn.reason = String(event["reason"]);
  } else if (event.type === "turn-sealed") {
    turn.sealed = true;
  }
}
