// Refusals over HTTP: {error} and the status for each code of protocol 2. A refused request had no effect.
import type { Limits } from "../limits.ts";
import type { Refused } from "../ports/orchestrator.ts";
import type { ErrorCode } from "../protocol/error-code.ts";
import { refusals } from "../protocol/refusals.ts";
import type { HttpContext } from "./context.ts";

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 501 | 503 | 504 | 507;

/** Codes that are not listed are client errors: 400. */
const statuses: ReadonlyMap<string, ErrorStatus> = new Map<ErrorCode | "already-active", ErrorStatus>([
  ["already-active", 409],
  ["turn-running", 409],
  ["idempotency-conflict", 409],
  ["illegal-state", 409],
  ["too-large", 413],
  ["queue-full", 429],
  ["too-many", 429],
  ["rate-limited", 429],
  ["refusing-turns", 503],
  ["draining", 503],
  ["storage-failed", 507],
  ["forbidden", 403],
  ["not-found", 404],
  ["internal", 500],
]);

/** The status for an error code, or for a host's own reason. */
export const statusOf = (code: string): ErrorStatus => statuses.get(code) ?? 400;

export function refuse(c: HttpContext, status: ErrorStatus, error: string): Response {
  return c.json({ error }, status);
}

/** A 503 with Retry-After. */
export function refuseForNow(c: HttpContext, error: string, limits: Pick<Limits, "retryAfterMs">): Response {
  c.header("Retry-After", String(Math.ceil(limits.retryAfterMs / 1000)));
  return refuse(c, 503, error);
}

export function refuseByCode(c: HttpContext, code: string, message: string, limits: Limits): Response {
  const status = statusOf(code);
  return status === 503 ? refuseForNow(c, message, limits) : refuse(c, status, message);
}

/** 429: the client exceeds its rate. @param count as how many requests this one counts. */
export function refuseTooFast(c: HttpContext, afterMs: number, count: number): Response {
  const { code, reply } = refusals.rateLimited("", afterMs, count);
  c.header("Retry-After", String(Math.ceil(afterMs / 1_000)));
  return c.json({ error: reply.message, code }, 429);
}

/** The orchestrator did not start the turn. A running turn always gets the wording of protocol 1.4. */
export function refuseTurn(c: HttpContext, conversationId: string, refused: Refused, limits: Limits): Response {
  const running = refused.reason === "already-active" || refused.reason === "turn-running";
  const message = running
    ? refusals.turnRunning(conversationId).reply.message
    : (refused.message ?? `the turn was refused: ${refused.reason}`);
  return refuseByCode(c, refused.reason, message, limits);
}

export function notOffered(c: HttpContext): Response {
  return refuse(c, 501, "this host does not offer that");
}

export function notFound(c: HttpContext): Response {
  return refuse(c, 404, `no such conversation: ${c.var.conversationId}`);
}
