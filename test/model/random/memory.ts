// The cursors of a turnwire.v1 client: how far it has got in each conversation. It keeps them from socket to
// socket, and must never know an event that it has not received.
import type { Message } from "../../support/client/transcript.ts";
import { eventIn } from "../oracle/chat-watches.ts";
import type { Cursor, KeyableRequest } from "../oracle/messages.ts";

/** Which cursor a client resumes with. */
export const cursorKinds = ["own", "own", "own", "stale", "of another epoch", "too new", "of the very start"] as const;
export type CursorKind = (typeof cursorKinds)[number];

/** Far more events than any history emits. */
const tooNew = 1_000_000;

export class Memory {
  /** Cursors by conversation, the newest last. */
  readonly #cursors = new Map<string, Cursor[]>();

  hears(message: Message): void {
    const { type, epoch, seq, turnId, recovered } = message;
    if (typeof epoch !== "string" || typeof seq !== "number") return;
    const event = type === "chat.delta" ? eventIn(message) : undefined;
    if (event) this.#remember(event.conversationId, { epoch, seq });
    // No turn runs and nothing is replayed. A client that has read the history has everything.
    const { conversationId } = message;
    if (type === "chat.subscribed" && turnId === null && recovered === false && typeof conversationId === "string")
      this.#remember(conversationId, { epoch, seq });
  }

  /** Undefined if the client has received nothing of the conversation. */
  cursor(conversationId: string, kind: CursorKind): Cursor | undefined {
    const known = this.#cursors.get(conversationId) ?? [];
    const newest = known.at(-1);
    if (!newest) return undefined;
    switch (kind) {
      case "own":
        return newest;
      case "stale":
        return known[known.length >> 1];
      case "of another epoch":
        return { ...newest, epoch: "another" };
      case "too new":
        return { ...newest, seq: newest.seq + tooNew };
      case "of the very start":
        return { ...newest, seq: 0 };
    }
  }

  #remember(conversationId: string, cursor: Cursor): void {
    const known = this.#cursors.get(conversationId) ?? [];
    known.push(cursor);
    this.#cursors.set(conversationId, known);
  }
}

/** A request that may be repeated. It always has an id, so that its answers can be told apart. */
export type KeyedRequest = KeyableRequest & { idempotencyKey: string };
