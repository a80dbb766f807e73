// The port for idempotency keys: who repeats a request under the same key gets the first answer again (protocol 2).

/** A request under a key, as it is kept together with its success. */
export interface KeyedRequest {
  type: "chat.send" | "chat.queue";
  key: string;
  /** As the request named it; without one the key is good for requests without one. */
  conversationId: string | undefined;
  /** Tells this request from another under the same key. */
  digest: string;
}

/** What came of the first request: a turn, or a text that waits. */
export interface KeptAnswer {
  conversationId: string;
  turnId?: string | undefined;
  messageId?: string | undefined;
  /** chat.queue only. */
  startedTurn?: boolean | undefined;
}

export interface IdempotencyKeys {
  /** The first success under this key within limits.idempotencyMs, with the digest of its request. */
  recall(key: string, conversationId: string | undefined): { digest: string; answer: KeptAnswer } | undefined;
}

/** With and without a conversation are two keys. */
export const placeOf = (key: string, conversationId: string | undefined): string =>
  JSON.stringify(conversationId === undefined ? [key] : [key, conversationId]);
