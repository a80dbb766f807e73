// Broadcasts to every socket from a host's hooks, and the announcement of a planned stop (protocol 1.2, 1.5.5, 2).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client } from "../support/client.ts";
import { connect } from "../support/client.ts";
import { withHost } from "../support/gateway.ts";
import { hooks } from "../support/host.ts";

const test = suite("wire: broadcast");

const isBroadcast = (client: Client): unknown[] =>
  client.received.filter((message) => message.type.startsWith("conversation."));

test("each hook causes exactly its broadcast on every socket, watching or not (1.2)", () =>
  withHost({}, async ({ host, join }) => {
    const clients = await Promise.all([join(), join(), join()]);
    clients[0]?.send({ type: "chat.subscribe", conversationId: "c" });
    await clients[0]?.barrier();
    const told: [hook: string, payload: Record<string, unknown>, type: string][] = [
      [hooks.opened, { conversationId: "c", workspaceId: "w" }, "conversation.open"],
      [hooks.statusChanged, { conversationId: "c", status: "active", workspaceId: "w" }, "conversation.statusChanged"],
      [hooks.statusChanged, { conversationId: "c", status: "queued", workspaceId: "w" }, "conversation.statusChanged"],
      [hooks.statusChanged, { conversationId: "c", status: "idle", workspaceId: "w" }, "conversation.statusChanged"],
      [hooks.statusChanged, { conversationId: "c", status: "closed", workspaceId: "w" }, "conversation.statusChanged"],
      [
        hooks.compacted,
        { conversationId: "c", newConversationId: "d", messagesSummarized: 12, messagesKept: 10 },
        "conversation.compacted",
      ],
    ];
    for (const [hook, payload] of told) host.fire(hook, { ...payload, secret: "of the host" });
    const expected = told.map(([, payload, type]) => ({ type, ...payload }));
    for (const client of clients) {
      await client.next("conversation.compacted");
      assert.equal(isBroadcast(client), expected);
    }
  }));

test("a conversation that the host opens without naming a workspace is opened in the workspace `default` (1.2)", () =>
  withHost({}, async ({ host, join }) => {
    const client = await join();
    for (const unnamed of [{}, { workspaceId: undefined }, { workspaceId: null }]) {
      host.fire(hooks.opened, { conversationId: "c", ...unnamed });
      const open = { type: "conversation.open", conversationId: "c", workspaceId: "default" };
      assert.equal(await client.next("conversation.open"), open);
    }
    assert.equal(host.said("transport-ws: a hook's payload was dropped"), []);
  }));

test("a broadcast reaches every socket that was open when it was made, and no later one (1.5.5)", () =>
  withHost({}, async ({ host, join, url }) => {
    const early = await Promise.all(Array.from({ length: 300 }, () => join()));
    host.fire(hooks.opened, { conversationId: "one", workspaceId: "w" });
    // 300 sockets are more than one slice of the fan-out, and another socket connects while it is under way.
    const coming = connect(url);
    await Promise.all(early.map((client) => client.next("conversation.open")));
    using late = await coming;
    await late.next("catalog");
    host.fire(hooks.opened, { conversationId: "two", workspaceId: "w" });
    for (const client of [...early, late]) {
      const broadcast = await client.next({ type: "conversation.open", conversationId: "two" });
      assert.is(broadcast["workspaceId"], "w");
    }
    await late.barrier();
    assert.is(isBroadcast(late).length, 1);
    for (const client of early) assert.is(isBroadcast(client).length, 2);
  }));

test("a hook with an invalid payload only causes a log line", () =>
  withHost({}, async ({ host, join }) => {
    const client = await join();
    const payloads: unknown[] = [
      undefined,
      null,
      5,
      "c",
      [],
      {},
      () => {},
      { conversationId: 5, workspaceId: "w" },
      { conversationId: "c" },
      { conversationId: "c", status: "asleep", workspaceId: "w" },
      { conversationId: "c", newConversationId: "d", messagesSummarized: Number.NaN, messagesKept: 1 },
      { conversationId: "c", newConversationId: "d", messagesSummarized: Number.POSITIVE_INFINITY, messagesKept: 1 },
      { conversationId: "c", newConversationId: "d", messagesSummarized: 1n, messagesKept: "1" },
      new Proxy({}, { get: () => thrown(), has: () => thrown(), ownKeys: () => thrown() }),
    ];
    for (const hook of [hooks.statusChanged, hooks.compacted])
      for (const payload of payloads) assert.not.throws(() => host.fire(hook, payload));
    const nameless = payloads.slice(0, 8);
    for (const payload of nameless) assert.not.throws(() => host.fire(hooks.opened, payload));
    await client.barrier();
    assert.equal(isBroadcast(client), []);
    assert.is(host.said("transport-ws: a hook's payload was dropped").length, payloads.length * 2 + nameless.length);
    host.fire(hooks.opened, { conversationId: "c", workspaceId: "w" });
    await client.next("conversation.open");
  }));

function thrown(): never {
  throw new Error("this payload may not be looked at");
}

test("a conversation that becomes active while its log is kept is subscribed again, so numbering has no gap (2)", () =>
  withHost({}, async ({ host, orchestrator, join }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId: "c", message: "x" });
    await client.barrier();
    orchestrator.say("c", "one");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    client.send({ type: "chat.unsubscribe", conversationId: "c" });
    await client.barrier();
    assert.is(orchestrator.subscriptions("c"), 0);
    // A turn without a watcher on this server.
    orchestrator.begin("c");
    host.fire(hooks.statusChanged, { conversationId: "c", status: "active", workspaceId: "w" });
    await client.barrier();
    orchestrator.say("c", "unseen");
    orchestrator.end("c");
    host.fire(hooks.statusChanged, { conversationId: "c", status: "idle", workspaceId: "w" });
    await client.barrier();
    assert.is(orchestrator.subscriptions("c"), 0);
    client.send({ type: "chat.subscribe", conversationId: "c" });
    await client.barrier();
    orchestrator.begin("c");
    orchestrator.say("c", "three");
    await client.nextEvent("c", { type: "text-delta", delta: "three" });
    const deltas = client.received.filter((message) => message.type === "chat.delta");
    assert.is(new Set(deltas.map((message) => message["epoch"])).size, 1);
    assert.equal(
      deltas.map((message) => message["seq"]),
      [1, 2, 3, 7],
    );
  }));

test("before a planned stop every socket gets server.draining and is closed with 1012 (2)", () =>
  withHost({}, async ({ extension, orchestrator, join }) => {
    const clients = await Promise.all(Array.from({ length: 600 }, () => join()));
    clients[0]?.send({ type: "chat.send", conversationId: "c", message: "x" });
    await clients[0]?.barrier();
    await extension.deactivate();
    for (const client of clients) {
      const end = await client.untilClosed();
      assert.is(end.code, 1012);
      assert.is(end.reason, "server restarting");
      const draining = client.received.filter((message) => message.type === "server.draining");
      assert.equal(draining, [{ type: "server.draining", deadlineMs: 0, reconnectAfterMs: 1000 }]);
    }
    // The turn belongs to the host, so the gateway does not stop it when it deactivates.
    assert.equal(orchestrator.given("stopTurn"), []);
    assert.ok(orchestrator.running.has("c"));
  }));

test.run();
