// Unit tests of the orchestrator's small parts: messages from chunks, titles, the message queue, the settle queue.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MessageQueue } from "../../src/embedded/orchestrator/message-queue.ts";
import { agentMessagesOf, messagesOf } from "../../src/embedded/orchestrator/messages.ts";
import { SettleQueue } from "../../src/embedded/orchestrator/settle-queue.ts";
import { titleOf } from "../../src/embedded/orchestrator/title.ts";
import type { NewChunk } from "../../src/ports/store.ts";
import type { Chunk, Role } from "../../src/protocol/chunk.ts";
import { rememberingLogger } from "../support/store-rows.ts";

const test = suite("the orchestrator's parts");

const of = (role: Role, chunk: Chunk, turnId?: string): NewChunk => ({ role, chunk, turnId });
const text = (value: string): Chunk => ({ type: "text", text: value });
const call = (toolCallId: string): Chunk => ({ type: "tool-call", toolCallId, toolName: "clock", input: {} });
const result = (toolCallId: string): Chunk => {
  return { type: "tool-result", toolCallId, toolName: "clock", content: "noon", isError: false };
};

test("chunks of one role and turn form one message, and a new turn begins a new message", () => {
  const chunks = [
    of("system", { type: "system", text: "summary" }),
    of("user", text("a"), "1"),
    of("user", { type: "image", url: "data:," }, "1"),
    of("user", text("b"), "2"),
    of("assistant", { type: "thinking", text: "hm" }, "2"),
    of("assistant", text("c"), "2"),
  ];
  assert.equal(
    messagesOf(chunks).map(({ role, chunks: parts }) => [role, parts.length]),
    [
      ["system", 1],
      ["user", 2],
      ["user", 1],
      ["assistant", 2],
    ],
  );
  assert.equal(messagesOf([]), []);
});

test("the model never gets a call without its result, nor an error chunk", () => {
  const error: Chunk = { type: "error", message: "broken" };
  const chunks = [
    of("assistant", call("a"), "1"),
    of("assistant", call("b"), "1"),
    of("tool", result("b"), "1"),
    of("assistant", call("c"), "1"),
    of("assistant", error, "1"),
    of("user", text("go on"), "2"),
    of("assistant", error, "2"),
  ];
  const messages = agentMessagesOf(chunks, () => undefined);
  assert.equal(
    messages.map(({ role, chunks: parts }) => [
      role,
      parts.map((part) => ("toolCallId" in part ? part.toolCallId : part.type)),
    ]),
    [
      ["assistant", ["a", "b"]],
      ["tool", ["a", "b"]],
      ["assistant", ["c"]],
      ["tool", ["c"]],
      ["user", ["text"]],
    ],
  );
  const missing = messages[1]?.chunks[0];
  assert.ok(missing?.type === "tool-result" && missing.isError);
});

test("a title is cut between characters, and its white space is collapsed", () => {
  assert.is(titleOf("  hello \n world "), "hello world");
  assert.is(titleOf("x".repeat(81)), "x".repeat(80));
  assert.is(titleOf(`${"x".repeat(79)} y`), "x".repeat(79));
  assert.is(titleOf("👩‍🚀".repeat(40))?.isWellFormed(), true);
  assert.is(titleOf(" \n "), null);
});

test("texts that were handed over but not taken return to their place in the queue", () => {
  const message = (id: string) => ({ id, text: id, queuedAt: 1 });
  const texts = new MessageQueue([message("a")]);
  assert.is(texts.take(), undefined);
  assert.not.ok(texts.takeBack());
  texts.add(message("b"));
  assert.is(texts.hand(), "a\n\nb");
  assert.is(texts.hand(), undefined);
  texts.add(message("c"));
  assert.is(texts.hand(), "c");
  texts.add(message("d"));
  assert.equal([texts.size, texts.isEmpty, texts.has("a"), texts.has("d")], [4, false, false, true]);
  assert.equal(
    texts.take()?.map(({ id }) => id),
    ["a", "b"],
  );
  assert.ok(texts.takeBack());
  assert.equal(
    texts.list().map(({ id }) => id),
    ["c", "d"],
  );
  assert.equal(texts.clear(), ["c", "d"]);
  assert.ok(texts.isEmpty);
});

test("the settle queue runs its callbacks in order and after the work, even if one throws", async () => {
  const { logger, lines } = rememberingLogger();
  const settleQueue = new SettleQueue(logger);
  const told: string[] = [];
  settleQueue.around(() => {
    settleQueue.post(() => told.push("first"));
    settleQueue.around(() =>
      settleQueue.post(() => {
        told.push("second");
        settleQueue.around(() => settleQueue.post(() => told.push("last")));
        throw new Error("a defect");
      }),
    );
    settleQueue.post(() => told.push("third"));
    assert.equal(told, []);
  });
  assert.equal(told, ["first", "second", "third", "last"]);
  assert.is(lines.length, 1);
  settleQueue.post(() => told.push("alone"));
  settleQueue.post(() => told.push("alone too"));
  assert.is(told.length, 4);
  await Promise.resolve();
  assert.equal(told.slice(4), ["alone", "alone too"]);
});

test.run();
