// Idempotency keys as the contract has them (protocol 2): under a key the first success is remembered with its request,
// and a refusal never is. Must never know on which socket a request came: it makes no difference.
import type { KeyableRequest } from "./messages.ts";
import type { Outcome } from "./posted.ts";
import { conflict } from "./refusals.ts";
import { refusal, success } from "./replies.ts";

interface Kept {
  body: string;
  contents: Record<string, unknown>;
}

/** What the request asks for, without what names it. */
function bodyOf(request: KeyableRequest & { id?: string }): string {
  const { id: _, idempotencyKey: __, ...body } = request;
  return JSON.stringify(body);
}

/** Nothing is kept without a key. */
const placeOf = ({ idempotencyKey, conversationId }: KeyableRequest): string | undefined =>
  idempotencyKey === undefined ? undefined : JSON.stringify([idempotencyKey, conversationId]);

/** Whoever gets a success is subscribed by it, as the first one was. */
export interface Recalled extends Outcome {
  /** It is not what was asked under this key before. */
  isOther: boolean;
}

export class OracleKeys {
  readonly #kept = new Map<string, Kept>();

  /** What the request must get without reaching the orchestrator; undefined when it is a new one. */
  recall(request: KeyableRequest): Recalled | undefined {
    const kept = this.#kept.get(placeOf(request) ?? "");
    if (!kept) return undefined;
    if (kept.body !== bodyOf(request))
      return { answers: [refusal(conflict(request.type, request.conversationId))], watches: false, isOther: true };
    return { answers: [success(kept.contents)], watches: kept.contents["startedTurn"] !== false, isOther: false };
  }

  /** The request has succeeded. */
  keep(request: KeyableRequest, contents: Record<string, unknown>): void {
    const place = placeOf(request);
    if (place !== undefined) this.#kept.set(place, { body: bodyOf(request), contents });
  }
}
