// Malformed requests, each with the exact refusal that the contract defines (protocol 1.4), and how the orchestrator's
// refusals appear on the wire.
import type { Refused } from "./messages.ts";

export interface Malformed {
  /** Undefined for a text that is not JSON. */
  request: object | undefined;
  refusal: Refused;
}

const requires = (type: string, field: string): string => `${type} requires a non-empty string \`${field}\``;

/** A refusal names the conversation if the request has a usable conversationId. */
export function malformedRequests(conversationId: string): Malformed[] {
  const chat = (code: string, request: object, message: string, named?: "nobody"): Malformed => ({
    request: { conversationId, ...request },
    refusal: { type: "chat.error", named: named ? undefined : conversationId, message, code },
  });
  const lacksText = (type: string, field: string, fields: object, named?: "nobody"): Malformed =>
    chat("text-required", { type, ...fields }, requires(type, field), named);
  const invalidEffort = 'invalid reasoningEffort "huge" — must be one of: low, medium, high, xhigh, max';
  const image = { type: "chat.send", message: "x", images: [{ url: "" }] };
  return [
    {
      request: undefined,
      refusal: { type: "error", named: undefined, message: "Invalid JSON", code: "invalid-message" },
    },
    lacksText("chat.send", "message", {}),
    lacksText("chat.send", "message", { message: "" }),
    chat("invalid-effort", { type: "chat.send", message: "x", reasoningEffort: "huge" }, `chat.send: ${invalidEffort}`),
    chat("invalid-images", { type: "chat.send", message: "x", images: "y" }, "chat.send: 'images' must be an array"),
    chat("invalid-images", image, "chat.send: each image must have a non-empty string 'url'"),
    lacksText("chat.queue", "text", { text: " \n" }),
    lacksText("chat.queue", "conversationId", { conversationId: "", text: "x" }, "nobody"),
    lacksText("chat.queue.cancel", "messageId", {}),
  ];
}

export const unknownSurface = (surfaceId: string, named: string): Refused => ({
  type: "error",
  named,
  message: `Unknown surface: ${surfaceId}`,
  code: "unknown-surface",
});

export const conflict = (type: string, conversationId: string): Refused => {
  const what = "this idempotencyKey was used for another request: use a new one, or repeat that request unchanged";
  return { type: "chat.error", named: conversationId, message: `${type}: ${what}`, code: "idempotency-conflict" };
};

/** Reasons of an orchestrator that go to the wire unchanged as codes. All others become `internal`. */
const ownCodes: ReadonlySet<string> = new Set([
  "unknown-model",
  "too-large",
  "queue-full",
  "too-many",
  "refusing-turns",
  "draining",
  "storage-failed",
]);

/** The orchestrator's refusal as a client gets it. */
export function refusedByPort(
  conversationId: string,
  { reason, message }: { reason: string; message?: string | undefined },
): Refused {
  const refused = { type: "chat.error", named: conversationId } as const;
  if (reason === "already-active")
    return { ...refused, message: "a turn is already generating for this conversation", code: "turn-running" };
  const code = ownCodes.has(reason) ? reason : "internal";
  return { ...refused, message: message ?? `the turn was refused: ${reason}`, code };
}
