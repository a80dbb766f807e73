// The surface `message-queue`: it shows the queued texts of one conversation and is rebuilt when they change.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMessageQueueSurface } from "../../../src/embedded/surfaces/message-queue.ts";
import type { QueuedMessage } from "../../../src/ports/orchestrator.ts";
import { changesOf } from "../../support/changes.ts";

const test = suite("message-queue surface");

const messages: QueuedMessage[] = [{ id: "m1", text: "and then?", queuedAt: 5 }];
const head = { id: "message-queue", region: "conversation", title: "Queue" };
const specOf = (waiting: QueuedMessage[]) => ({
  ...head,
  fields: [{ kind: "custom", rendererId: "message-queue", payload: { messages: waiting } }],
});

test("it shows the queued texts of the conversation in order", () => {
  const queue = (id: string) => (id === "c" ? messages : []);
  const surface = createMessageQueueSurface({ queue }, changesOf().changes);
  assert.equal(surface.catalogEntry, head);
  assert.equal(surface.getSpec({ conversationId: "c" }), specOf(messages));
  assert.equal(surface.getSpec({ conversationId: "other" }), specOf([]));
});

test("without a conversation, or without a queue in the port, it is empty", () => {
  assert.equal(createMessageQueueSurface({ queue: () => messages }, changesOf().changes).getSpec(), specOf([]));
  assert.equal(createMessageQueueSurface({}, changesOf().changes).getSpec({ conversationId: "c" }), specOf([]));
});

test("it reports a change of a queue with its conversation, and ignores other changes", () => {
  const { changes, tell, listeners } = changesOf();
  const surface = createMessageQueueSurface({}, changes);
  const heard: unknown[] = [];
  const leave = surface.subscribe?.((context) => heard.push(context));
  tell({ what: "queue", conversationId: "c" });
  tell({ what: "activity", conversationId: "c" });
  tell({ what: "turns" });
  assert.equal(heard, [{ conversationId: "c" }]);
  leave?.();
  assert.is(listeners(), 0);
});

test("it has no action, and the error says how to withdraw a text", () => {
  const surface = createMessageQueueSurface({}, changesOf().changes);
  assert.throws(
    () => surface.invoke("cancel"),
    'message-queue has no action "cancel": withdraw a text with chat.queue.cancel',
  );
});

test.run();
