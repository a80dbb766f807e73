// The replies that one socket must get, by the ids of its requests, and those that came (protocol 2). Must never accept
// a reply by its id alone.
import type { Message } from "../../support/client/transcript.ts";
import { isRecord } from "../../support/client/transcript.ts";
import type { RepliesView } from "../view.ts";
import type { Refused } from "./messages.ts";

/** The result of a request. */
export type Answer = { ok: true; contents: Readonly<Record<string, unknown>> } | { ok: false; refused: Refused };

export const success = (contents: Record<string, unknown> = {}): Answer => ({ ok: true, contents });
export const refusal = (refused: Refused): Answer => ({ ok: false, refused });

/** Codes after which the same request may succeed later, unchanged. */
const retryable: ReadonlySet<unknown> = new Set([
  "turn-running",
  "queue-full",
  "too-many",
  "refusing-turns",
  "draining",
  "storage-failed",
  "internal",
]);

/** A reply in one line. The fields are sorted, because their order has no meaning. */
const line = (ok: boolean, contents: object): string =>
  `${ok ? "ok" : "no"} ${JSON.stringify(Object.fromEntries(Object.entries(contents).sort()))}`;

export function replyText(answer: Answer): string {
  if (answer.ok) return line(true, answer.contents);
  const { code, message } = answer.refused;
  return line(false, { code, message, retryable: retryable.has(code) });
}

/**
 * Like replyText, for a reply that came. The contract does not fix `retryAfterMs`, but it must be a positive number.
 */
function textOf({ type: _, id: __, ok, error, ...contents }: Message): string {
  if (ok !== false || !isRecord(error)) return line(ok === true, contents);
  const { retryAfterMs = 1, ...rest } = error;
  const isTime = typeof retryAfterMs === "number" && retryAfterMs > 0;
  return line(false, { ...rest, ...contents, ...(isTime ? {} : { retryAfterMs }) });
}

export class OracleReplies implements RepliesView {
  readonly owed: { readonly id: string; readonly anyOf: readonly string[] }[] = [];
  readonly received: { readonly id: string; readonly text: string }[] = [];
  /** By turn id: the request that started the turn. Its reply must come before the turn's first event. */
  readonly #starting = new Map<string, string>();

  isOwed(id: string): boolean {
    return this.owed.some((one) => one.id === id);
  }

  hasCome(id: string): boolean {
    return this.received.some((one) => one.id === id);
  }

  /** The reply must be one of these: several where the contract leaves open which request was which. */
  owe(id: string, answers: readonly Answer[]): void {
    this.owed.push({ id, anyOf: [...new Set(answers.map(replyText))] });
  }

  /** The request has started this turn, so its reply must come before the turn's first event. */
  comesBefore(id: string, turnId: string): void {
    this.#starting.set(turnId, id);
  }

  /** Whether a reply is outstanding that must come before this turn's events. */
  mustPrecede(turnId: string): boolean {
    const id = this.#starting.get(turnId);
    return id !== undefined && !this.hasCome(id);
  }

  /** Records a reply that came. Returns its id and text. */
  receives(message: Message): { id: string; text: string } {
    const one = { id: String(message["id"]), text: textOf(message) };
    this.received.push(one);
    return one;
  }
}
