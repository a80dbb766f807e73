// Answers one request. A request with an id gets a reply. Without one, success is silent and a failure gets the base
// contract's refusal. Must never answer a request twice.

import type { Refused } from "../../ports/orchestrator.ts";
import { isErrorCode } from "../../protocol/error-code.ts";
import { encodeMessage } from "../../protocol/frame.ts";
import { chatError, type Refusal, refusals, retryAfterMsOf } from "../../protocol/refusals.ts";
import type { Reply } from "../../protocol/server-message.ts";
import type { Connection } from "../connection.ts";

/** The part of a request that its answer needs. Only a v1 socket sends an id. */
export interface Paired {
  id?: string | undefined;
}

/** The request succeeded. Without an id success is silent (protocol 1.1). */
export function succeed(connection: Connection, { id }: Paired, contents: object = {}): void {
  if (id !== undefined) connection.writer.control(encodeMessage({ type: "reply", id, ok: true, ...contents }));
}

/** The request failed. The socket stays open. */
export function refuse(connection: Connection, { id }: Paired, refusal: Refusal): void {
  const { writer } = connection;
  writer.counters.refused(refusal.code);
  const retryAfterMs = retryAfterMsOf(refusal, writer.limits);
  writer.control(encodeMessage(id === undefined ? refusal.reply : replyOf(id, refusal, retryAfterMs)));
}

function replyOf(id: string, { code, retryable, reply }: Refusal, retryAfterMs: number | undefined): Reply {
  const { message } = reply;
  const error = { code, message, retryable, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { type: "reply", id, ok: false, error };
}

/** Translates a port's refusal into one of the protocol. */
export function refusalOf({ reason, message }: Refused, conversationId: string | undefined): Refusal {
  if (reason === "already-active") return refusals.turnRunning(conversationId);
  const code = isErrorCode(reason) ? reason : "internal";
  return chatError(code, message ?? `the turn was refused: ${reason}`, conversationId);
}
