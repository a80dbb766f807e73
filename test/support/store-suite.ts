// One suite for the promises of every store (src/ports/store.ts). The test of each implementation creates and runs it.
// The clock stands still, so that only the test's own calls commit writes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Store, StoreError } from "../../src/ports/store.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { SimulatedClock } from "./clock.ts";
import { began, conversationRow, created, ended, impossible, queued, said, seqs, texts } from "./store-rows.ts";
import { promisesOfAnswers } from "./store-suite-answers.ts";
import { promisesOfTurns, type StoreContext } from "./store-suite-turns.ts";

/** `open` returns an empty store. The caller runs the suite. */
export function storeSuite(name: string, open: (clock: Clock) => Store) {
  const test = suite<StoreContext>(name);
  test.before.each((context) => {
    context.clock = new SimulatedClock();
    context.store = open(context.clock);
  });
  test.after.each(({ clock, store }) => {
    store.close();
    clock.settle();
    assert.is(clock.pending, 0, "a closed store leaves no timer behind");
  });

  const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

  test("an empty store answers every read", ({ store }) => {
    assert.is(store.conversation("none"), undefined);
    assert.equal(store.conversations(), []);
    assert.equal(store.chunks("none"), []);
    assert.is(store.latestSeq("none"), 0);
    assert.equal(store.queue("none"), []);
    assert.equal(store.queuedConversations(), []);
    assert.is(store.turn("none"), undefined);
    assert.equal(store.turns("none"), []);
    assert.equal(store.unsealedTurns(), []);
    assert.is(store.failure, undefined);
    assert.is(store.flush(), true);
  });

  test("a conversation is read back with all its fields", ({ store }) => {
    const row = conversationRow("a", {
      createdAt: 1,
      lastActivityAt: 2,
      title: "A title",
      workspaceId: "garden",
      model: "demo/echo",
      reasoningEffort: "high",
      cwd: "/tmp",
      computerId: "desk",
      closed: true,
      compactedFrom: "z",
    });
    store.attempt([{ kind: "conversation", id: "a", create: row }]);
    assert.equal(store.conversation("a"), row);
    store.attempt([created("b")]);
    assert.equal(store.conversation("b"), conversationRow("b"));
  });

  test("a conversation that exists is not created a second time", ({ store }) => {
    store.attempt([created("a", { title: "first" })]);
    store.attempt([created("a", { title: "second" }), said("a", "kept")]);
    assert.is(store.conversation("a")?.title, "first");
    assert.equal(texts(store.chunks("a")), ["kept"]);
  });

  test("a change overwrites the fields it names and no other", ({ store }) => {
    store.attempt([created("a", { title: "old", model: "demo/echo", cwd: "/tmp" })]);
    store.append([
      { kind: "conversation.changed", id: "a", patch: { title: "new", cwd: null } },
      { kind: "conversation.changed", id: "a", patch: { closed: true, lastActivityAt: 9_000 } },
    ]);
    const expected = { title: "new", model: "demo/echo", closed: true, lastActivityAt: 9_000 };
    assert.equal(store.conversation("a"), conversationRow("a", expected));
  });

  test("a change of an unknown conversation, turn or queued text has no effect", ({ store }) => {
    store.attempt([
      { kind: "conversation.changed", id: "none", patch: { title: "lost" } },
      { kind: "turn.step", turnId: "none", step: { stepId: "1" } },
      ended("none"),
      { kind: "turn.journalCleared", turnId: "none" },
      { kind: "queue.removed", conversationId: "none", messageIds: ["none"] },
      said("a", "kept"),
    ]);
    assert.equal(store.conversations(), []);
    assert.equal(texts(store.chunks("a")), ["kept"]);
  });

  test("chunks are numbered from 1 without holes, separately for each conversation", ({ store }) => {
    store.append([said("a", "1", "2"), said("b", "1")]);
    store.append([said("a", "3"), said("b", "2", "3")]);
    store.attempt([said("a", "4")]);
    for (const id of ["a", "b"]) {
      const chunks = store.chunks(id);
      assert.equal(seqs(chunks).map(String), texts(chunks));
      assert.is(store.latestSeq(id), chunks.length);
    }
  });

  test("a chunk is read back unchanged, with its role and turn", ({ store }) => {
    const chunk = { type: "tool-call", toolCallId: "c", toolName: "t", input: { deep: [1, null, "x"] } } as const;
    store.attempt([
      { kind: "chunks", conversationId: "a", chunks: [{ role: "assistant", chunk, turnId: "t1" }] },
      { kind: "chunks", conversationId: "a", chunks: [{ role: "system", chunk: { type: "system", text: "s" } }] },
    ]);
    assert.equal(store.chunks("a"), [
      { seq: 1, role: "assistant", chunk, turnId: "t1" },
      { seq: 2, role: "system", chunk: { type: "system", text: "s" } },
    ]);
  });

  test("a text keeps its client's id, and the id stays used in its conversation", ({ store }) => {
    const chunk = { type: "text", text: "hello" } as const;
    const named = { kind: "message.named", conversationId: "a", messageId: "m" } as const;
    store.attempt([named, { kind: "chunks", conversationId: "a", chunks: [{ role: "user", chunk, messageId: "m" }] }]);
    store.append([named]);
    assert.equal(store.chunks("a"), [{ seq: 1, role: "user", chunk, messageId: "m" }]);
    assert.equal(
      [store.isNamedMessage("a", "m"), store.isNamedMessage("a", "n"), store.isNamedMessage("b", "m")],
      [true, false, false],
    );
  });

  test("lone surrogates, NULs and wide characters survive in all free texts", ({ store }) => {
    const odd = "\ud800 a\u0000b 😀 \udc00 \u{10ffff}";
    store.attempt([
      created("a", { title: odd, cwd: odd }),
      said("a", odd),
      queued("a", "m", odd),
      began("t", "a"),
      { kind: "turn.journal", turnId: "t", parts: [{ kind: "text", text: odd }] },
    ]);
    assert.is(store.conversation("a")?.title, odd);
    assert.is(store.conversation("a")?.cwd, odd);
    assert.equal(texts(store.chunks("a")), [odd]);
    assert.is(store.queue("a")[0]?.text, odd);
    assert.equal(store.unsealedTurns()[0]?.journal, [{ kind: "text", text: odd }]);
  });

  test("an id may hold any well-formed character", ({ store }) => {
    for (const id of ["a", "a\u0000b", "a\u0000c", "A", "😀", "%", "'; DROP TABLE chunks"]) {
      store.attempt([created(id), said(id, id)]);
      assert.is(store.conversation(id)?.id, id);
      assert.equal(texts(store.chunks(id)), [id]);
    }
    const found = store.conversations({ q: "a\u0000" }).map(({ id }) => id);
    assert.equal(found.sort(), ["a\u0000b", "a\u0000c"]);
  });

  test("a selection returns the chunks between its bounds, and its limit keeps the newest of them", ({ store }) => {
    store.attempt([said("a", ...count(1, 10).map(String))]);
    assert.equal(seqs(store.chunks("a", {})), count(1, 10));
    assert.equal(seqs(store.chunks("a", { sinceSeq: 3 })), count(4, 10));
    assert.equal(seqs(store.chunks("a", { beforeSeq: 3 })), [1, 2]);
    assert.equal(seqs(store.chunks("a", { limit: 2 })), [9, 10]);
    assert.equal(seqs(store.chunks("a", { sinceSeq: 2, beforeSeq: 8, limit: 3 })), [5, 6, 7]);
    assert.equal(
      seqs(store.chunks("a", { sinceSeq: undefined, beforeSeq: undefined, limit: undefined })),
      count(1, 10),
    );
    assert.equal(store.chunks("a", { sinceSeq: 10 }), []);
    assert.equal(store.chunks("a", { beforeSeq: 1 }), []);
  });

  test("random selections from 10,000 chunks return the right chunks", ({ store }) => {
    const all = count(1, 10_000);
    for (let at = 0; at < all.length; at += 500) store.append([said("a", ...all.slice(at, at + 500).map(String))]);
    store.append([said("b", "not this one")]);
    let random = 7;
    const upTo = (max: number): number => {
      random = (random * 48_271) % 2_147_483_647;
      return random % (max + 1);
    };
    for (let round = 0; round < 100; round += 1) {
      const sinceSeq = upTo(10_100);
      const beforeSeq = 1 + upTo(10_100);
      const limit = 1 + upTo(300);
      const expected = all.filter((seq) => seq > sinceSeq && seq < beforeSeq).slice(-limit);
      const found = store.chunks("a", { sinceSeq, beforeSeq, limit });
      assert.equal(seqs(found), expected, JSON.stringify({ sinceSeq, beforeSeq, limit }));
      assert.equal(texts(found), expected.map(String));
    }
    assert.equal(seqs(store.chunks("a")), all);
  });

  test("appended writes can be read at once and are committed at the end of the tick", ({ store, clock }) => {
    store.append([said("a", "1")]);
    store.append([said("a", "2")]);
    store.append([]);
    assert.is(clock.pending, 1, "one commit for the tick");
    assert.is(store.latestSeq("a"), 2);
    assert.equal(texts(store.chunks("a")), ["1", "2"]);
    clock.settle();
    store.append([said("a", "3")]);
    assert.is(clock.pending, 1);
    clock.settle();
    assert.is(clock.pending, 0);
    assert.equal(texts(store.chunks("a")), ["1", "2", "3"]);
  });

  test("attempted writes come after all writes appended before", ({ store, clock }) => {
    store.append([said("a", "1")]);
    store.attempt([said("a", "2")]);
    store.append([said("a", "3")]);
    clock.settle();
    assert.equal(texts(store.chunks("a")), ["1", "2", "3"]);
  });

  test("a failed attempt keeps none of its own writes but all writes appended before it", ({ store }) => {
    store.append([said("a", "1")]);
    assert.throws(
      () => store.attempt([said("a", "2"), created("a"), queued("a", "m"), impossible("a"), said("a", "3")]),
      (error: unknown) => error instanceof StoreError,
    );
    assert.is(store.failure, undefined, "the store has not failed");
    store.attempt([said("a", "4")]);
    assert.equal(texts(store.chunks("a")), ["1", "4"]);
    assert.equal(seqs(store.chunks("a")), [1, 2]);
    assert.is(store.conversation("a"), undefined);
    assert.equal(store.queue("a"), []);
  });

  test("an appended unit that can never succeed leaves no data and does not block others", ({ store, clock }) => {
    store.append([said("a", "1")]);
    store.append([said("a", "never"), queued("a", "never"), impossible("a")]);
    store.append([said("a", "2")]);
    clock.settle();
    assert.is(store.flush(), true);
    assert.is(store.failure, undefined);
    assert.equal(texts(store.chunks("a")), ["1", "2"]);
    assert.equal(seqs(store.chunks("a")), [1, 2]);
    assert.equal(store.queue("a"), []);
  });

  test("a caller may reuse the array that it appended", ({ store }) => {
    const writes = [said("a", "1")];
    store.append(writes);
    writes.push(said("a", "not appended"));
    assert.equal(texts(store.chunks("a")), ["1"]);
  });

  test("conversations are listed in order of activity, newest first", ({ store }) => {
    store.attempt([
      created("old", { lastActivityAt: 10 }),
      created("new", { lastActivityAt: 30 }),
      created("same-later", { lastActivityAt: 20, createdAt: 2 }),
      created("same-sooner", { lastActivityAt: 20, createdAt: 1 }),
    ]);
    const ids = store.conversations().map(({ id }) => id);
    assert.equal(ids, ["new", "same-later", "same-sooner", "old"]);
    store.append([{ kind: "conversation.changed", id: "old", patch: { lastActivityAt: 40 } }]);
    assert.is(store.conversations()[0]?.id, "old");
  });

  test("conversations are selected by a prefix of their id, and by workspace", ({ store }) => {
    store.attempt([
      created("ab1", { workspaceId: "x" }),
      created("ab2", { workspaceId: "y" }),
      created("aB3", { workspaceId: "x" }),
      created("a%4", { workspaceId: "x" }),
    ]);
    const ids = (selection: { q?: string; workspaceId?: string }): string[] =>
      store
        .conversations(selection)
        .map(({ id }) => id)
        .sort();
    assert.equal(ids({ q: "ab" }), ["ab1", "ab2"]);
    assert.equal(ids({ q: "ab", workspaceId: "y" }), ["ab2"]);
    assert.equal(ids({ workspaceId: "x" }), ["a%4", "aB3", "ab1"]);
    assert.equal(ids({ q: "a%" }), ["a%4"]);
    assert.equal(ids({ q: "b" }), []);
    assert.equal(ids({ q: "\ud800" }), []);
    assert.is(ids({ q: "" }).length, 4);
  });

  test("queued texts keep the order in which they were added", ({ store }) => {
    store.attempt([queued("a", "1"), queued("b", "x"), queued("a", "2"), queued("a", "3")]);
    store.attempt([{ kind: "queue.removed", conversationId: "a", messageIds: ["3", "1", "unknown"] }]);
    store.append([queued("a", "1", "again")]);
    assert.equal(store.queue("a"), [
      { id: "2", text: "2", queuedAt: 5_000 },
      { id: "1", text: "again", queuedAt: 5_000 },
    ]);
    assert.equal(store.queuedConversations().sort(), ["a", "b"]);
    store.append([{ kind: "queue.removed", conversationId: "b", messageIds: ["x"] }]);
    assert.equal(store.queuedConversations(), ["a"]);
  });

  test("the same message id in two conversations is two messages", ({ store }) => {
    store.attempt([queued("a", "m"), queued("b", "m")]);
    store.attempt([{ kind: "queue.removed", conversationId: "a", messageIds: ["m"] }]);
    assert.equal(store.queue("a"), []);
    assert.is(store.queue("b").length, 1);
  });

  promisesOfTurns(test);
  promisesOfAnswers(test);

  test("a closed store refuses every call but another close", ({ store, clock }) => {
    store.append([said("a", "1")]);
    store.close();
    clock.settle();
    store.close();
    const calls: (() => unknown)[] = [
      () => store.attempt([]),
      () => store.append([]),
      () => store.flush(),
      () => store.conversation("a"),
      () => store.conversations(),
      () => store.chunks("a"),
      () => store.latestSeq("a"),
      () => store.queue("a"),
      () => store.queuedConversations(),
      () => store.turn("t"),
      () => store.turns("a"),
      () => store.unsealedTurns(),
    ];
    for (const call of calls) assert.throws(call, (error: unknown) => error instanceof StoreError);
  });

  return test;
}
