// Idempotency keys as the contract defines them (protocol 2): the first success under a key is remembered with its
// request, a refusal never is. The socket of a request makes no difference and must never be known here.
import type { KeyableRequest } from "./messages.ts";
import type { Outcome } from "./posted.ts";
import { conflict } from "./refusals.ts";
import { refusal, success } from "./replies.ts";

interface Kept {
  body: string;
  contents: Record<string, unknown>;
}

/** The request without its id and its key. */
function bodyOf(request: KeyableRequest & { id?: string }): string {
  const { id: _, idempotencyKey: __, ...body } = request;
  return JSON.stringify(body);
}

/** Undefined without a key: nothing is remembered then. */
const placeOf = ({ idempotencyKey, conversationId }: KeyableRequest): string | undefined =>
  idempotencyKey === undefined ? undefined : JSON.stringify([idempotencyKey, conversationId]);

/** A remembered success subscribes the sender of the repetition, as it subscribed the first sender. */
export interface Recalled extends Outcome {
  /** The request differs from the first one under this key. */
  isOther: boolean;
}

export class OracleKeys {
  readonly #kept = new Map<string, Kept>();

  /** The outcome of a request that must not reach the orchestrator. Undefined for a new request. */
  recall(request: KeyableRequest): Recalled | undefined {
    const kept = this.#kept.get(placeOf(request) ?? "");
    if (!kept) return undefined;
    if (kept.body !== bodyOf(request))
      return { answers: [refusal(conflict(request.type, request.conversationId))], watches: false, isOther: true };
    return { answers: [success(kept.contents)], watches: kept.contents["startedTurn"] !== false, isOther: false };
  }

  /** Remembers a request that has succeeded. */
  keep(request: KeyableRequest, contents: Record<string, unknown>): void {
    const place = placeOf(request);
    if (place !== undefined) this.#kept.set(place, { body: bodyOf(request), contents });
  }
}
