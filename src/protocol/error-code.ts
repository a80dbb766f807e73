// The error codes of refused requests (protocol 2).

const errorCodes = [
  "invalid-message",
  "unknown-surface",
  "surface-failed",
  "turn-running",
  "text-required",
  "invalid-effort",
  "invalid-images",
  "unknown-model",
  "idempotency-conflict",
  "too-large",
  "queue-full",
  "too-many",
  "rate-limited",
  "refusing-turns",
  "draining",
  "storage-failed",
  "forbidden",
  "illegal-state",
  "not-found",
  "internal",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export const isErrorCode = (code: string): code is ErrorCode => (errorCodes as readonly string[]).includes(code);
