// A host's turn that ends without `done` and `turn-sealed`, over real sockets: followers get both, late joiners get
// nothing of it, and the conversation goes on.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { hastyClock, withGateway, withHost } from "../support/gateway.ts";
import { hooks } from "../support/host.ts";
import type { ScriptedOrchestrator } from "../support/scripted-orchestrator.ts";

const test = suite("wire: dead turns");

const v1 = { protocols: ["turnwire.v1"] };
const conversationId = "c";

/** Begins a turn with chat.send; it fails and is over, without `done` and `turn-sealed`. */
async function asksInVain(client: Client, orchestrator: ScriptedOrchestrator): Promise<void> {
  client.send({ type: "chat.send", conversationId, message: "hello" });
  await client.barrier();
  orchestrator.emit(conversationId, { type: "user-message", text: "hello" }, { type: "turn-start" });
  orchestrator.say(conversationId, "half a ");
  orchestrator.emit(conversationId, { type: "error", message: "the disk is full" });
  orchestrator.running.delete(conversationId);
  await client.nextEvent(conversationId, "error");
}

async function isToldTheEnd(client: Client): Promise<void> {
  const done = await client.nextEvent(conversationId, "done");
  assert.equal([done["reason"], done.turnId], ["error", "turn-1"]);
  const sealed = await client.nextEvent(conversationId, "turn-sealed");
  assert.equal([sealed.turnId, sealed["latestSeq"]], ["turn-1", 0]);
}

test("when somebody joins, who follows the dead turn is told its end, and who joins gets nothing of it", () =>
  withHost({}, async ({ join, orchestrator }) => {
    const follower = await join();
    await asksInVain(follower, orchestrator);
    const late = await join(v1);
    late.send({ type: "chat.subscribe", conversationId });
    const { turnId, seq } = await late.next("chat.subscribed");
    assert.equal([turnId, seq], [null, 6]);
    await isToldTheEnd(follower);
    await late.barrier();
    assert.equal(late.unread("chat.delta"), []);
    // The next turn is whole, for both.
    late.send({ type: "chat.send", conversationId, message: "again" });
    await late.barrier();
    orchestrator.say(conversationId, "whole");
    orchestrator.end(conversationId);
    for (const client of [follower, late]) await client.nextEvent(conversationId, "turn-sealed");
    assert.is(late.transcript(conversationId).text, "whole");
    assert.is(follower.transcript(conversationId).turns.length, 2);
  }));

for (const [what, request] of [
  ["chat.send", { type: "chat.send", conversationId, message: "again" }],
  ["chat.queue", { type: "chat.queue", conversationId, text: "again" }],
  ["chat.cancel", { type: "chat.cancel", conversationId }],
] as const)
  test(`a ${what} ends the dead turn first`, () =>
    withGateway({}, async ({ join, orchestrator, gateway }) => {
      const client = await join();
      await asksInVain(client, orchestrator);
      client.send(request);
      await isToldTheEnd(client);
      await client.barrier();
      if (orchestrator.running.has(conversationId)) {
        orchestrator.say(conversationId, "whole");
        orchestrator.end(conversationId);
        await client.nextEvent(conversationId, "turn-sealed");
      }
      await client.barrier();
      // The chart of the connection has heard of each end.
      const values = [...gateway.connections.all()].map(({ actor }) => actor?.getSnapshot().value);
      assert.equal(values, [{ open: { flow: "flowing", chatTurn: "quiet" } }]);
      assert.equal(client.unread("chat.error"), []);
    }));

test("when the host announces that the conversation is idle, the dead turn is ended", () =>
  withHost({}, async ({ join, orchestrator, host }) => {
    const client = await join();
    await asksInVain(client, orchestrator);
    host.fire(hooks.statusChanged, { conversationId, status: "idle", workspaceId: "w" });
    await isToldTheEnd(client);
  }));

test("when nobody asks, it is ended after a while, and its listener is let go of", () =>
  withHost({ clock: hastyClock(20) }, async ({ join, orchestrator }) => {
    const client = await join();
    await asksInVain(client, orchestrator);
    await isToldTheEnd(client);
    client.send({ type: "chat.unsubscribe", conversationId });
    await client.barrier();
    await eventually(() => orchestrator.subscriptions(conversationId) === 0, "the listener to be let go of");
  }));

test("a host that was wrong about its turn cannot break the order of events", () =>
  withHost({}, async ({ join, orchestrator, host }) => {
    const client = await join();
    client.send({ type: "chat.send", conversationId, message: "hello" });
    await client.barrier();
    orchestrator.say(conversationId, "a");
    orchestrator.instead.isActive = () => false;
    host.fire(hooks.statusChanged, { conversationId, status: "idle", workspaceId: "w" });
    await isToldTheEnd(client);
    orchestrator.say(conversationId, "late");
    orchestrator.end(conversationId);
    delete orchestrator.instead.isActive;
    client.send({ type: "chat.send", conversationId, message: "again" });
    await client.barrier();
    orchestrator.say(conversationId, "b");
    orchestrator.end(conversationId);
    await client.nextEvent(conversationId, "turn-sealed");
    const { turns, text } = client.transcript(conversationId);
    assert.equal([text, turns.map(({ reason }) => reason)], ["ab", ["error", "stop"]]);
  }));

test("a turn of one token that has died takes no place of its other turns", () =>
  withHost({ settings: { surfaceWsToken: "t" }, limits: { runningTurnsPerTokenMax: 1 } }, async (fixture) => {
    const { join, orchestrator } = fixture;
    const client = await join({ headers: { authorization: "Bearer t" } });
    await asksInVain(client, orchestrator);
    client.send({ type: "chat.send", conversationId: "d", message: "hello" });
    await client.barrier();
    assert.equal(client.unread("chat.error"), []);
    assert.ok(orchestrator.running.has("d"));
  }));

test.run();
