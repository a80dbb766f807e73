// The port for idempotency keys: a repeated request with the same key gets the first reply again (protocol 2).

/** A request with a key, as it is stored together with its result. */
export interface KeyedRequest {
  type: "chat.send" | "chat.queue";
  key: string;
  /** As the request named it. Without one, the key applies only to requests without one. */
  conversationId: string | undefined;
  /** Distinguishes this request from another with the same key. */
  digest: string;
}

/** The result of the first request: a turn or a queued text. */
export interface KeptAnswer {
  conversationId: string;
  turnId?: string | undefined;
  messageId?: string | undefined;
  /** chat.queue only. */
  startedTurn?: boolean | undefined;
}

export interface IdempotencyKeys {
  /** The first successful result under this key within limits.idempotencyMs, with the digest of its request. */
  recall(key: string, conversationId: string | undefined): { digest: string; answer: KeptAnswer } | undefined;
}

/** The storage key. The same key with and without a conversation gives two. */
export const placeOf = (key: string, conversationId: string | undefined): string =>
  JSON.stringify(conversationId === undefined ? [key] : [key, conversationId]);
