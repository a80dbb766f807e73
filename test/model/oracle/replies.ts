// The replies that one socket is owed, by the ids of its requests, and those that have come (protocol 2). Must never
// say that a reply is right because its id is.
import type { Message } from "../../support/client/transcript.ts";
import { isRecord } from "../../support/client/transcript.ts";
import type { RepliesView } from "../view.ts";
import type { Refused } from "./messages.ts";

/** What became of a request. */
export type Answer = { ok: true; contents: Readonly<Record<string, unknown>> } | { ok: false; refused: Refused };

export const success = (contents: Record<string, unknown> = {}): Answer => ({ ok: true, contents });
export const refusal = (refused: Refused): Answer => ({ ok: false, refused });

/** Where the same request may succeed later, unchanged. */
const retryable: ReadonlySet<unknown> = new Set([
  "turn-running",
  "queue-full",
  "too-many",
  "refusing-turns",
  "draining",
  "storage-failed",
  "internal",
]);

/** In one line; the order of the fields means nothing. */
const line = (ok: boolean, contents: object): string =>
  `${ok ? "ok" : "no"} ${JSON.stringify(Object.fromEntries(Object.entries(contents).sort()))}`;

export function replyText(answer: Answer): string {
  if (answer.ok) return line(true, answer.contents);
  const { code, message } = answer.refused;
  return line(false, { code, message, retryable: retryable.has(code) });
}

/** The same of one that came. When to try again is nobody's promise, but it is a time. */
function textOf({ type: _, id: __, ok, error, ...contents }: Message): string {
  if (ok !== false || !isRecord(error)) return line(ok === true, contents);
  const { retryAfterMs = 1, ...rest } = error;
  const isTime = typeof retryAfterMs === "number" && retryAfterMs > 0;
  return line(false, { ...rest, ...contents, ...(isTime ? {} : { retryAfterMs }) });
}

export class OracleReplies implements RepliesView {
  readonly owed: { readonly id: string; readonly anyOf: readonly string[] }[] = [];
  readonly received: { readonly id: string; readonly text: string }[] = [];
  /** The requests that started a turn whose first event must not come before their reply. */
  readonly #starting = new Map<string, string>();

  isOwed(id: string): boolean {
    return this.owed.some((one) => one.id === id);
  }

  hasCome(id: string): boolean {
    return this.received.some((one) => one.id === id);
  }

  /** One of these answers; several where the contract leaves it open which request was which. */
  owe(id: string, answers: readonly Answer[]): void {
    this.owed.push({ id, anyOf: [...new Set(answers.map(replyText))] });
  }

  /** The request has started this turn: its reply comes before the turn's first event. */
  comesBefore(id: string, turnId: string): void {
    this.#starting.set(turnId, id);
  }

  /** Is a reply still to come that must come before this turn's events? */
  mustPrecede(turnId: string): boolean {
    const id = this.#starting.get(turnId);
    return id !== undefined && !this.hasCome(id);
  }

  /** A reply has come; what is returned is its text. */
  receives(message: Message): { id: string; text: string } {
    const one = { id: String(message["id"]), text: textOf(message) };
    this.received.push(one);
    return one;
  }
}
