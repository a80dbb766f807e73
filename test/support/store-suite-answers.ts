// The part of the store's suite about kept answers, which keep a repeated request from starting anything again.
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import type { KeptAnswer } from "../../src/ports/idempotency.ts";
import type { Write } from "../../src/ports/store.ts";
import { began } from "./store-rows.ts";
import type { StoreContext } from "./store-suite-turns.ts";

const kept = (key: string, conversationId: string | undefined, keptAt: number, answer: KeptAnswer): Write => ({
  kind: "answer.kept",
  request: { type: "chat.send", key, conversationId, digest: `digest of ${key}` },
  answer,
  keptAt,
});

export function promisesOfAnswers(test: Test<StoreContext>): void {
  const answer = { conversationId: "a", turnId: "t1" };

  test("an answer is found only by its own key and conversation", ({ store }) => {
    store.attempt([kept("k", "a", 1_000, answer)]);
    store.attempt([kept("k", undefined, 1_001, { conversationId: "minted", turnId: "t2" })]);
    assert.equal(store.keptAnswer("k", "a", 0), { digest: "digest of k", answer });
    assert.equal(store.keptAnswer("k", undefined, 0)?.answer, { conversationId: "minted", turnId: "t2" });
    assert.is(store.keptAnswer("k", "b", 0), undefined);
    assert.is(store.keptAnswer("other", "a", 0), undefined);
    assert.is(store.keptAnswer("k", "a", 1_000), undefined, "an answer kept at or before `since` is not found");
  });

  test("an answer is not kept when another write of its unit fails", ({ store }) => {
    store.attempt([began("t1", "a")]);
    assert.throws(() => store.attempt([kept("k", "a", 1_000, answer), began("t1", "a")]));
    assert.is(store.keptAnswer("k", "a", 0), undefined);
  });

  test("an expired key can be used for another request, and expired answers are deleted", ({ store }) => {
    store.attempt([kept("k", "a", 1_000, answer), kept("old", "a", 1_000, answer)]);
    const later = 1_000 + limits.idempotencyMs;
    const next = { conversationId: "a", messageId: "m1", startedTurn: false };
    store.attempt([kept("k", "a", later, next)]);
    assert.equal(store.keptAnswer("k", "a", 0)?.answer, next);
    assert.is(store.keptAnswer("old", "a", 0), undefined);
  });
}
