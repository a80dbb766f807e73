// Idempotency keys: whether a request is a repetition, and what the first one was answered. An orchestrator that keeps
// keys itself stores each in one transaction with the turn. For other hosts they are kept here, in memory. Must never
// remember a refusal.
import { createHash } from "node:crypto";
import { anyone } from "../access/authoriser.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import { errorMessage } from "../ports/guard.ts";
import { type IdempotencyKeys, type KeptAnswer, type KeyedRequest, placeOf } from "../ports/idempotency.ts";
import type { ChatQueue } from "../protocol/chat-queue.ts";
import type { ChatSend } from "../protocol/chat-send.ts";
import { chatError, type Refusal, refusals } from "../protocol/refusals.ts";
import type { Clock } from "../runtime/clock.ts";

type Keyable = ChatSend | ChatQueue;

export class Idempotency {
  readonly #port: IdempotencyKeys | undefined;
  readonly #memory: MemoryKeys;

  constructor(port: IdempotencyKeys | undefined, clock: Pick<Clock, "now">, limits: Limits) {
    this.#port = port;
    this.#memory = new MemoryKeys(clock, limits);
  }

  /** The first success of the same request. A refusal if the key belongs to another request or the lookup fails. */
  recall(message: Keyable, identity: Identity): KeptAnswer | Refusal | undefined {
    const { type, idempotencyKey, conversationId } = message;
    if (idempotencyKey === undefined) return undefined;
    try {
      const kept = (this.#port ?? this.#memory).recall(ownKey(idempotencyKey, identity), conversationId);
      if (!kept) return undefined;
      return kept.digest === digestOf(message) ? kept.answer : refusals.idempotencyConflict(type, conversationId);
    } catch (error) {
      const message = `the idempotencyKey could not be looked up: ${errorMessage(error)}`;
      return chatError("storage-failed", message, conversationId);
    }
  }

  /** What the orchestrator must store together with the turn or text; undefined when keys are kept here. */
  toKeep(message: Keyable, identity: Identity): KeyedRequest | undefined {
    return this.#port ? keyedRequest(message, identity) : undefined;
  }

  /** Call when the request has succeeded. */
  keep(message: Keyable, identity: Identity, answer: KeptAnswer): void {
    const request = this.#port ? undefined : keyedRequest(message, identity);
    if (request) this.#memory.keep(request, answer);
  }
}

function keyedRequest(message: Keyable, identity: Identity): KeyedRequest | undefined {
  const { type, idempotencyKey, conversationId } = message;
  if (idempotencyKey === undefined) return undefined;
  return { type, key: ownKey(idempotencyKey, identity), conversationId, digest: digestOf(message) };
}

/** Keys are private to a token: a shared one would reveal another token's requests. No token's name has a space. */
const ownKey = (key: string, identity: Identity): string => (identity === anyone ? key : `${identity.name} ${key}`);

/** Digest of the request without its ids. The schema has put the fields in order. */
function digestOf({ id: _, idempotencyKey: __, ...request }: Keyable): string {
  return createHash("sha256").update(JSON.stringify(request)).digest("base64");
}

interface MemoryEntry {
  digest: string;
  answer: KeptAnswer;
  keptAt: number;
}

/** Keys kept in memory until they expire or the process ends. */
class MemoryKeys implements IdempotencyKeys {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: Limits;
  /** Oldest first: a key is inserted only once. */
  readonly #entries = new Map<string, MemoryEntry>();

  constructor(clock: Pick<Clock, "now">, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  recall(key: string, conversationId: string | undefined): MemoryEntry | undefined {
    this.#forget();
    return this.#entries.get(placeOf(key, conversationId));
  }

  keep({ key, conversationId, digest }: KeyedRequest, answer: KeptAnswer): void {
    this.#entries.set(placeOf(key, conversationId), { digest, answer, keptAt: this.#clock.now() });
    this.#forget();
  }

  /** Deletes expired keys, then the oldest while there are too many. */
  #forget(): void {
    const { idempotencyMs, idempotencyKeysMax } = this.#limits;
    const since = this.#clock.now() - idempotencyMs;
    for (const [place, { keptAt }] of this.#entries) {
      if (keptAt > since && this.#entries.size <= idempotencyKeysMax) return;
      this.#entries.delete(place);
    }
  }
}
