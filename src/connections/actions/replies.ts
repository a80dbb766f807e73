// Answers one request. A request with an id gets a reply. Without one, success is silent and a failure gets the base
// contract's refusal. Must never answer a request twice.
import type { Refused } from "../../ports/orchestrator.ts";
import { isErrorCode } from "../../protocol/error-code.ts";
import { encodeMessage } from "../../protocol/frame.ts";
import { chatError, type Refusal, refusals, retryAfterMsOf } from "../../protocol/refusals.ts";
import type { Reply } from "../../protocol/server-message.ts";
import type { Watch } from "../../streams/watches.ts";
import type { Connection } from "../connection.ts";

/** The part of a request that its answer needs. Only a v1 socket sends an id. */
export interface Paired {
  id?: string | undefined;
}

/** What an action answers: a refusal, or the fields of the reply to a request that succeeded. */
export type Answer = Refusal | Record<string, unknown>;

/** What a request that may begin a turn came to. `answer` is undefined when it was answered already. */
export interface TurnOutcome {
  isOpened: boolean;
  answer: Answer | undefined;
}

export const notOpened = (answer: Answer | undefined): TurnOutcome => ({ isOpened: false, answer });

const isRefusal = (answer: Answer): answer is Refusal => "reply" in answer;

/** Without an id success is silent (protocol 1.1). */
export function respond(connection: Connection, request: Paired, answer: Answer): void {
  const { id } = request;
  if (isRefusal(answer)) refuse(connection, request, answer);
  else if (id !== undefined) connection.writer.control(encodeMessage({ type: "reply", id, ok: true, ...answer }));
}

/**
 * The answer to a request that succeeded even if its sender cannot watch the conversation. That error is sent beside
 * the reply.
 * @returns undefined when both have been sent.
 */
export function respondAccepted(
  connection: Connection,
  request: Paired,
  answer: Answer,
  watch: Watch | Refusal | undefined,
): Answer | undefined {
  if (!watch || !("reply" in watch)) return answer;
  respond(connection, request, answer);
  refuse(connection, {}, watch);
  return undefined;
}

/** The request failed. The socket stays open. */
export function refuse({ writer }: Connection, { id }: Paired, refusal: Refusal): void {
  const { code, retryable, reply } = refusal;
  const retryAfterMs = retryAfterMsOf(refusal, writer.limits);
  const error = { code, message: reply.message, retryable, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  const answer: Reply | Refusal["reply"] = id === undefined ? reply : { type: "reply", id, ok: false, error };
  writer.counters.refused(code);
  writer.control(encodeMessage(answer));
}

/** Translates a port's refusal into one of the protocol. */
export function refusalOf({ reason, message }: Refused, conversationId: string | undefined): Refusal {
  if (reason === "already-active") return refusals.turnRunning(conversationId);
  if (reason === "invalid-message" && message !== undefined) return refusals.invalidMessage(message, conversationId);
  const code = isErrorCode(reason) ? reason : "internal";
  return chatError(code, message ?? `the turn was refused: ${reason}`, conversationId);
}
