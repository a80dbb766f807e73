// What a client with turnwire.v1 knows and takes along from socket to socket: how far it has got in each conversation,
// and what it has asked for under which key. Must never know more than has come to it.
import type { Message } from "../../support/client/transcript.ts";
import { eventIn } from "../oracle/chat-watches.ts";
import type { Cursor, KeyableRequest } from "../oracle/messages.ts";

/** Which cursor a client comes back with. */
export const cursorKinds = ["own", "own", "own", "stale", "of another epoch", "too new", "of the very start"] as const;
export type CursorKind = (typeof cursorKinds)[number];

/** Far beyond what any history says. */
const tooNew = 1_000_000;

export class Memory {
  /** By conversation, the newest last. */
  readonly #cursors = new Map<string, Cursor[]>();

  hears(message: Message): void {
    const { type, epoch, seq, turnId, recovered } = message;
    if (typeof epoch !== "string" || typeof seq !== "number") return;
    const event = type === "chat.delta" ? eventIn(message) : undefined;
    if (event) this.#remember(event.conversationId, { epoch, seq });
    // No turn runs and there is nothing to replay: whoever has read the history has everything.
    const { conversationId } = message;
    if (type === "chat.subscribed" && turnId === null && recovered === false && typeof conversationId === "string")
      this.#remember(conversationId, { epoch, seq });
  }

  /** Undefined when it has never heard anything of the conversation. */
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

/** A request that may be repeated: it has an id wherever it is sent, so that each answer can be told from others. */
export type KeyedRequest = KeyableRequest & { idempotencyKey: string };
