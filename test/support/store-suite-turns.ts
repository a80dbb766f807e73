// The part of the store's suite about turns: their journal, their steps, and what compaction does to them.

import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Store } from "../../src/ports/store.ts";
import type { SimulatedClock } from "./clock.ts";
import { began, conversationRow, created, ended, queued, said, seqs, texts, turnRow } from "./store-rows.ts";

export interface StoreContext {
  clock: SimulatedClock;
  store: Store;
}

export function promisesOfTurns(test: Test<StoreContext>): void {
  test("a turn is unsealed from its beginning to its end", ({ store }) => {
    store.attempt([began("t1", "a")]);
    assert.equal(store.turn("t1"), turnRow("t1", "a"));
    assert.equal(store.unsealedTurns(), [{ turn: turnRow("t1", "a"), journal: [] }]);
    assert.is(store.lastEndedTurn("a"), undefined);
    store.attempt([ended("t1")]);
    const sealed = turnRow("t1", "a", {
      endedAt: 3_000,
      reason: "stop",
      end: "done",
      durationMs: 1_000,
      usage: { inputTokens: 1, outputTokens: 2 },
      contextSize: 3,
    });
    assert.equal(store.turn("t1"), sealed);
    assert.equal(store.lastEndedTurn("a"), sealed);
    assert.equal(store.turns("a"), [{ turn: sealed, steps: [] }]);
    assert.equal(store.unsealedTurns(), []);
  });

  test("a turn cannot begin twice", ({ store }) => {
    store.attempt([began("t1", "a")]);
    assert.throws(() => store.attempt([began("t1", "a")]), /refuses|UNIQUE|twice|exists/);
    assert.throws(() => store.attempt([began("t1", "b")]));
    assert.is(store.turns("a").length, 1);
    assert.equal(store.turns("b"), []);
  });

  test("turns are listed oldest first, each with its steps in order", ({ store }) => {
    store.attempt([began("t1", "a"), began("t3", "b"), began("t2", "a")]);
    store.append([{ kind: "turn.step", turnId: "t1", step: { stepId: "one", ttftMs: 5 } }]);
    store.append([{ kind: "turn.step", turnId: "t2", step: { stepId: "one" } }]);
    store.append([{ kind: "turn.step", turnId: "t1", step: { stepId: "two" } }]);
    const usage = { inputTokens: 7, outputTokens: 8 };
    store.append([{ kind: "turn.step", turnId: "t1", step: { stepId: "one", usage } }]);
    assert.equal(store.turns("a"), [
      { turn: turnRow("t1", "a"), steps: [{ stepId: "one", ttftMs: 5, usage }, { stepId: "two" }] },
      { turn: turnRow("t2", "a"), steps: [{ stepId: "one" }] },
    ]);
  });

  test("a journal is read back with its parts in order, until it is cleared", ({ store }) => {
    const chunk = { type: "text", text: "steered" } as const;
    store.attempt([began("t1", "a"), began("t2", "b")]);
    store.append([{ kind: "turn.journal", turnId: "t1", parts: [{ kind: "thinking", text: "hm" }] }]);
    store.append([{ kind: "turn.journal", turnId: "t2", parts: [{ kind: "text", text: "other" }] }]);
    store.append([
      {
        kind: "turn.journal",
        turnId: "t1",
        parts: [
          { kind: "text", text: "wo" },
          { kind: "text", text: "rd" },
        ],
      },
      { kind: "turn.journal", turnId: "t1", parts: [{ kind: "chunk", role: "user", chunk }] },
    ]);
    assert.equal(store.unsealedTurns(), [
      {
        turn: turnRow("t1", "a"),
        journal: [
          { kind: "thinking", text: "hm" },
          { kind: "text", text: "wo" },
          { kind: "text", text: "rd" },
          { kind: "chunk", role: "user", chunk },
        ],
      },
      { turn: turnRow("t2", "b"), journal: [{ kind: "text", text: "other" }] },
    ]);
    store.attempt([{ kind: "turn.journalCleared", turnId: "t1" }, said("a", "word")]);
    store.append([{ kind: "turn.journal", turnId: "t1", parts: [{ kind: "text", text: "next" }] }]);
    assert.equal(store.unsealedTurns()[0]?.journal, [{ kind: "text", text: "next" }]);
    store.attempt([{ kind: "turn.journalCleared", turnId: "t1" }, ended("t1")]);
    assert.equal(
      store.unsealedTurns().map(({ turn }) => turn.turnId),
      ["t2"],
    );
  });

  test("compaction moves the history to the archive and starts a new one", ({ store }) => {
    store.attempt([created("a", { title: "Talk" }), said("a", "1", "2", "3"), queued("a", "q1"), queued("a", "q2")]);
    store.attempt([began("t1", "a"), { kind: "turn.step", turnId: "t1", step: { stepId: "one" } }, ended("t1")]);
    const archive = conversationRow("archive", { title: "Talk" });
    store.append([
      {
        kind: "conversation.compacted",
        id: "a",
        archive,
        chunks: [
          { role: "system", chunk: { type: "system", text: "summary" } },
          { role: "user", chunk: { type: "text", text: "3" }, turnId: "t1" },
        ],
      },
    ]);
    assert.is(store.latestSeq("a"), 2);
    assert.equal(store.chunks("a"), [
      { seq: 1, role: "system", chunk: { type: "system", text: "summary" } },
      { seq: 2, role: "user", chunk: { type: "text", text: "3" }, turnId: "t1" },
    ]);
    assert.equal(texts(store.chunks("archive")), ["1", "2", "3"]);
    assert.equal(seqs(store.chunks("archive")), [1, 2, 3]);
    assert.is(store.latestSeq("archive"), 3);
    assert.equal(store.conversation("archive"), archive);
    assert.is(store.conversation("a")?.compactedFrom, "archive");
    assert.equal(
      store.queue("a").map(({ id }) => id),
      ["q1", "q2"],
    );
    assert.equal(store.queue("archive"), []);
    const [original] = store.turns("a");
    const [copy] = store.turns("archive");
    assert.is(original?.turn.conversationId, "a");
    assert.is(copy?.turn.conversationId, "archive");
    assert.equal(copy, { turn: { ...original?.turn, conversationId: "archive" }, steps: [{ stepId: "one" }] });
    assert.is(store.turn("t1")?.conversationId, "a");
    store.attempt([said("a", "4"), began("t2", "a")]);
    assert.is(store.latestSeq("a"), 3);
    assert.is(store.turns("archive").length, 1);
  });

  test("a conversation may be compacted again, and a running turn is never copied", ({ store }) => {
    const summary = (text: string) => [{ role: "system" as const, chunk: { type: "system" as const, text } }];
    store.attempt([created("a"), said("a", "1"), began("t1", "a"), ended("t1")]);
    store.attempt([{ kind: "conversation.compacted", id: "a", archive: conversationRow("x"), chunks: summary("s1") }]);
    store.attempt([said("a", "2"), began("t2", "a")]);
    store.attempt([{ kind: "conversation.compacted", id: "a", archive: conversationRow("y"), chunks: summary("s2") }]);
    assert.equal(texts(store.chunks("x")), ["1"]);
    assert.equal(texts(store.chunks("y")), ["s1", "2"]);
    assert.equal(texts(store.chunks("a")), ["s2"]);
    assert.equal(
      store.unsealedTurns().map(({ turn }) => [turn.turnId, turn.conversationId]),
      [["t2", "a"]],
    );
    assert.is(store.turns("a").length, 2);
    assert.is(store.conversation("a")?.compactedFrom, "y");
  });

  test("a compaction into an existing conversation fails and changes nothing", ({ store }) => {
    store.attempt([created("a"), created("b"), said("a", "1")]);
    assert.throws(() =>
      store.attempt([{ kind: "conversation.compacted", id: "a", archive: conversationRow("b"), chunks: [] }]),
    );
    assert.equal(texts(store.chunks("a")), ["1"]);
    assert.equal(store.chunks("b"), []);
  });
}
