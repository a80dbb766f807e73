// What happens to the texts that a user sends into a conversation: each is answered, queued, or returned to its writer.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Chat, createChat } from "../../src/page/chat.js";
import type { ConversationStatus } from "../../src/protocol/broadcast.ts";
import type { StoredChunk } from "../../src/protocol/chunk.ts";
import { refusals } from "../../src/protocol/refusals.ts";
import type { Spec } from "../../src/protocol/surface.ts";
import { SimulatedPageClock } from "../support/page-clock.ts";
import { Script, storedTurn } from "../support/page-events.ts";

const chat = suite("page/chat");

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
};

interface Bench {
  it: Chat;
  sent: object[];
  returned: [string, string][];
  created: string[];
  server: { isUp: boolean; status: ConversationStatus; chunks: StoredChunk[]; showsQueue: boolean };
}

function bench(isNew = false): Bench {
  const sent: object[] = [];
  const returned: [string, string][] = [];
  const created: string[] = [];
  const server: Bench["server"] = { isUp: true, status: "idle", chunks: [], showsQueue: true };
  const it = createChat({
    api: {
      history: (_, { sinceSeq = 0 } = {}) =>
        Promise.resolve({ chunks: server.chunks.filter(({ seq }) => seq > sinceSeq) }),
      metrics: () => Promise.resolve({ turns: [] }),
      status: () => Promise.resolve({ isActive: server.status === "active" }),
    },
    wire: {
      send(message) {
        if (server.isUp) sent.push(message);
        return server.isUp;
      },
      barrier: () => Promise.resolve(server.isUp),
    },
    clock: new SimulatedPageClock(),
    conversationId: "c",
    isNew,
    settings: { carried: () => ({ model: "p/m" }), created: () => created.push("settings") },
    statusOf: () => server.status,
    on: {
      changed: () => {},
      trouble: () => {},
      returned: (text, why) => returned.push([text, why]),
      created: () => created.push("created"),
      showsQueue: () => server.showsQueue,
    },
  });
  it.open();
  return { it, sent, returned, created, server };
}

const queueSpec = (...texts: string[]): Spec => ({
  id: "message-queue",
  region: "conversation",
  title: "Queue",
  fields: [
    {
      kind: "custom",
      rendererId: "message-queue",
      payload: { messages: texts.map((text, index) => ({ id: `m${index}`, text, queuedAt: 0 })) },
    },
  ],
});

chat("a text starts a turn when the conversation is idle, and is queued while a turn runs", async () => {
  const { it, sent, server } = bench();
  await settle();
  sent.length = 0;
  it.send("one");
  server.status = "active";
  it.send("two");
  assert.equal(sent, [
    { type: "chat.send", conversationId: "c", message: "one", model: "p/m" },
    { type: "chat.queue", conversationId: "c", text: "two" },
  ]);
  for (const delta of new Script().opening("t1", "one")) it.receiveDelta(delta);
  assert.equal(it.waiting("send"), []);
  it.receiveQueue(queueSpec("two"));
  assert.equal(it.waiting("queue"), []);
});

chat(
  "a running turn is stopped by its id, or without an id before its first event, and not after its end",
  async () => {
    const { it, sent, server } = bench();
    await settle();
    assert.not(it.isStoppable());
    server.status = "active";
    sent.length = 0;
    assert.ok(it.isStoppable());
    it.stop();
    const script = new Script();
    for (const delta of script.opening("t1", "one")) it.receiveDelta(delta);
    it.stop();
    assert.equal(sent, [
      { type: "chat.cancel", conversationId: "c" },
      { type: "chat.cancel", conversationId: "c", turnId: "t1" },
    ]);
    it.receiveDelta(script.delta("t1", { type: "done", reason: "aborted" }));
    assert.ok(it.isRunning());
    assert.not(it.isStoppable());
  },
);

chat("a queued text is withdrawn by its id", async () => {
  const { it, sent } = bench();
  await settle();
  sent.length = 0;
  it.withdraw("m0");
  assert.equal(sent, [{ type: "chat.queue.cancel", conversationId: "c", messageId: "m0" }]);
});

chat("a text that came second is queued behind the first one's turn instead of being refused", async () => {
  const { it, sent, returned } = bench();
  await settle();
  it.send("late");
  sent.length = 0;
  it.receiveRefusal(refusals.turnRunning("c").reply.message);
  assert.equal(sent, [{ type: "chat.queue", conversationId: "c", text: "late" }]);
  assert.equal(returned, []);
  assert.equal(
    it.waiting("queue").map((entry) => entry.text),
    ["late"],
  );
});

chat("any other refusal returns the text with the reason", async () => {
  const { it, returned } = bench();
  await settle();
  it.send("please");
  it.receiveRefusal("new turns are refused");
  it.receiveRefusal("about nothing that was sent");
  assert.equal(returned, [
    ["please", "new turns are refused"],
    ["", "about nothing that was sent"],
  ]);
});

chat("a text that cannot be sent is returned at once", async () => {
  const { it, server, returned } = bench();
  await settle();
  server.isUp = false;
  it.send("please");
  assert.is(returned[0]?.[0], "please");
  assert.equal(it.waiting("send"), []);
});

chat("a new conversation is reported once, with its first event", async () => {
  const { it, created } = bench(true);
  await settle();
  assert.ok(it.isNew());
  for (const delta of new Script().opening("t1", "one")) it.receiveDelta(delta);
  assert.not(it.isNew());
  assert.equal(created, ["settings", "created"]);
});

chat("after a lost connection a text that never arrived is returned, and one that arrived is not", async () => {
  const { it, server, returned } = bench();
  await settle();
  it.send("arrived");
  it.send("lost");
  it.lost();
  server.chunks = storedTurn("t1", 1, "arrived", "yes");
  const joined = it.rejoin();
  await joined;
  assert.equal(returned, []);
  it.receiveQueue(queueSpec());
  assert.equal(
    returned.map(([text]) => text),
    ["lost"],
  );
  assert.equal(it.waiting("send"), []);
});

chat(
  "after a lost connection a queued text counts as arrived, but an older queued text with the same words does not",
  async () => {
    const { it, server, returned } = bench();
    server.status = "active";
    await settle();
    it.receiveQueue(queueSpec("again"));
    it.send("again");
    it.lost();
    it.receiveQueue(queueSpec("again"));
    await it.rejoin();
    assert.equal(
      returned.map(([text]) => text),
      ["again"],
    );
    it.send("again");
    it.lost();
    it.receiveQueue(queueSpec("again", "again"));
    await it.rejoin();
    assert.is(returned.length, 1);
  },
);

chat("queued texts are held for the next message only if no running turn will take them", async () => {
  const { it, server } = bench();
  await settle();
  const held = (["idle", "active", "queued"] as const).map((status) => {
    server.status = status;
    return it.isQueueHeld();
  });
  assert.equal(held, [false, false, true]);
  for (const delta of new Script().opening("t1", "one")) it.receiveDelta(delta);
  assert.not(it.isQueueHeld());
});

chat("without a queue surface the history alone decides", async () => {
  const { it, server, returned } = bench();
  server.showsQueue = false;
  await settle();
  it.send("lost");
  it.lost();
  await it.rejoin();
  assert.is(returned.length, 1);
});

chat.run();
