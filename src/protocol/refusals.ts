// The catalogue of refusals: a request was not carried out and the socket stays open. Each has the exact reply of the
// base contract (protocol 1.4) and the error code that a v1 client gets instead (protocol 2).
import type { Limits } from "../limits.ts";
import { reasoningEfforts } from "./chat-send.ts";
import type { ErrorCode } from "./error-code.ts";
import type { ChatErrorMessage, ErrorMessage } from "./server-message.ts";

export interface Refusal {
  code: ErrorCode;
  /** May the same request succeed later, unchanged? */
  retryable: boolean;
  /** When to try again, if that does not follow from the code. */
  retryAfterMs?: number;
  /** The message to a socket whose request had no id. */
  reply: ErrorMessage | ChatErrorMessage;
}

const retryableCodes: ReadonlySet<ErrorCode> = new Set([
  "surface-failed",
  "turn-running",
  "queue-full",
  "too-many",
  "rate-limited",
  "refusing-turns",
  "draining",
  "storage-failed",
  "internal",
]);

const retryAfter: ReadonlyMap<ErrorCode, keyof Limits> = new Map<ErrorCode, keyof Limits>([
  ["draining", "reconnectAfterMs"],
  ["storage-failed", "sealRetryMs"],
  ["refusing-turns", "retryAfterMs"],
]);

/** When to try again, if known. */
export function retryAfterMsOf(refusal: Refusal, limits: Limits): number | undefined {
  const name = retryAfter.get(refusal.code);
  return refusal.retryAfterMs ?? (name && limits[name]);
}

const refusal = (code: ErrorCode, reply: Refusal["reply"]): Refusal => ({
  code,
  retryable: retryableCodes.has(code),
  reply,
});

/** Refuses with `error`. The fields are in the contract's order: type, surfaceId, conversationId, message. */
function error(code: ErrorCode, message: string, surfaceId?: string, conversationId?: string): Refusal {
  return refusal(code, {
    type: "error",
    ...(surfaceId !== undefined && { surfaceId }),
    ...(conversationId !== undefined && { conversationId }),
    message,
  });
}

/** Refuses with `chat.error`, which names the conversation if the request had a valid id of one. */
export function chatError(code: ErrorCode, message: string, conversationId?: string): Refusal {
  return refusal(code, { type: "chat.error", ...(conversationId !== undefined && { conversationId }), message });
}

interface Subject {
  conversationId?: string | undefined;
  surfaceId?: string | undefined;
}

/** Refuses a message of this type: with `chat.error` if it is a `chat.` message other than `chat.subscribe`. */
const errorFor = (type: string, code: ErrorCode, message: string, { conversationId, surfaceId }: Subject): Refusal =>
  type.startsWith("chat.") && type !== "chat.subscribe"
    ? chatError(code, message, conversationId)
    : error(code, message, surfaceId, conversationId);

export const refusals = {
  invalidJson: () => error("invalid-message", "Invalid JSON"),
  invalidMessage: (problem: string, conversationId?: string) =>
    error("invalid-message", `Invalid message: ${problem}`, undefined, conversationId),
  tooLarge: (problem: string, conversationId?: string) =>
    error("too-large", `Invalid message: ${problem}`, undefined, conversationId),
  tooMany: (message: string, surfaceId?: string, conversationId?: string) =>
    error("too-many", message, surfaceId, conversationId),

  /**
   * A valid request that the socket's state does not allow; the message names the state and what is allowed (protocol
   * 2).
   */
  illegalState: (message: string, conversationId?: string) =>
    error("illegal-state", `Invalid message: ${message}`, undefined, conversationId),
  idempotencyConflict: (type: string, conversationId?: string) =>
    chatError(
      "idempotency-conflict",
      `${type}: this idempotencyKey was used for another request: use a new one, or repeat that request unchanged`,
      conversationId,
    ),

  /** @param count how many requests the message counts as, because of its length. */
  rateLimited: (type: string, afterMs: number, count: number, conversationId?: string): Refusal => {
    const because = count > 1 ? ` (a message of this length counts as ${count})` : "";
    const message = `Too many requests: wait ${afterMs} ms${because}`;
    return { ...errorFor(type, "rate-limited", message, { conversationId }), retryAfterMs: afterMs };
  },
  /** @param message why this request is not allowed, in a sentence. */
  forbidden: (type: string, message: string, subject: Subject) => errorFor(type, "forbidden", message, subject),

  unknownSurface: (surfaceId: string, conversationId?: string) =>
    error("unknown-surface", `Unknown surface: ${surfaceId}`, surfaceId, conversationId),
  surfaceFailed: (surfaceId: string, reason: string, conversationId?: string) =>
    error("surface-failed", reason, surfaceId, conversationId),

  turnRunning: (conversationId: string | undefined) =>
    chatError("turn-running", "a turn is already generating for this conversation", conversationId),
  /** A request to `type` lacks its non-empty string `field`. */
  textRequired: (type: string, field: string, conversationId?: string) =>
    chatError("text-required", `${type} requires a non-empty string \`${field}\``, conversationId),
  invalidEffort: (effort: string, conversationId?: string) =>
    chatError(
      "invalid-effort",
      `chat.send: invalid reasoningEffort "${effort}" — must be one of: ${reasoningEfforts.join(", ")}`,
      conversationId,
    ),
  imagesNotArray: (conversationId?: string) =>
    chatError("invalid-images", "chat.send: 'images' must be an array", conversationId),
  badImage: (conversationId?: string) =>
    chatError("invalid-images", "chat.send: each image must have a non-empty string 'url'", conversationId),
} as const;
