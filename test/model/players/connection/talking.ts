// The events of the connection model in which the peer, another client, the turn or a surface says something.
import * as assert from "uvu/assert";
import type { Implementation } from "../../play.ts";
import { rest, soon } from "../soon.ts";
import { conversationId, turnRunning } from "../stage.ts";
import { bystanderHears, type Fixture, surfaceId, turnBegins, turnEnds } from "./fixture.ts";

const elsewhere = "another conversation";

/** Sends a text. It starts a turn if none runs. Otherwise it is refused, or queued without a reply. */
async function asks(fixture: Fixture, message: { type: "chat.send" | "chat.queue"; [field: string]: string }) {
  const { stage, socket } = fixture;
  const { running, queues } = stage.bare.orchestrator;
  const [turn, waiting] = [running.get(conversationId), queues.get(conversationId)?.length ?? 0];
  if (turn === undefined) socket.follows();
  socket.peer.send({ ...message, conversationId });
  await socket.peer.barrier();
  if (turn === undefined) {
    assert.ok(stage.isRunning, "a turn has begun");
    return;
  }
  assert.is(running.get(conversationId), turn, "one turn at a time");
  if (message.type === "chat.queue") {
    assert.is(queues.get(conversationId)?.length, waiting + 1);
    return;
  }
  fixture.refusals++;
  assert.equal(await socket.peer.next("chat.error"), turnRunning);
}

/** The orchestrator refuses the request. A peer that was not subscribed before is not subscribed afterwards. */
async function isRefused(fixture: Fixture): Promise<void> {
  const { stage, socket } = fixture;
  const { instead } = stage.bare.orchestrator;
  const message = "there is no such model";
  instead.startTurn = () => ({ started: false, reason: "unknown-model", message });
  socket.peer.send({ type: "chat.send", conversationId, message: "?", model: "none" });
  assert.equal(await socket.peer.next("chat.error"), { type: "chat.error", conversationId, message });
  delete instead.startTurn;
  fixture.refusals++;
}

/** Unsubscribes, which must not end the turn. Then ends the turn, because in `unwatched` no turn runs. */
async function unwatches(fixture: Fixture): Promise<void> {
  const { stage, socket } = fixture;
  const turn = stage.bare.orchestrator.running.get(conversationId);
  socket.peer.send({ type: "chat.unsubscribe", conversationId });
  await socket.peer.barrier();
  socket.stopsFollowing();
  assert.is(stage.bare.orchestrator.running.get(conversationId), turn, "leaving never ends a turn");
  if (turn) await turnEnds(fixture, () => stage.bare.orchestrator.end(conversationId));
}

export const talking: Implementation<Fixture>["events"] = {
  "peer.watches": async ({ socket }) => {
    socket.follows();
    socket.peer.send({ type: "chat.subscribe", conversationId });
    await socket.peer.barrier();
  },
  "peer.unwatches": unwatches,
  "peer.asks": (fixture) => asks(fixture, { type: "chat.send", message: "?" }),
  "peer.queues": (fixture) => asks(fixture, { type: "chat.queue", text: "and" }),
  "peer.isRefused": isRefused,
  "peer.cancels": (fixture) => {
    fixture.cancels++;
    return turnEnds(fixture, () => fixture.socket.peer.send({ type: "chat.cancel", conversationId }));
  },
  "peer.asksElsewhere": async ({ stage, socket }) => {
    const { orchestrator } = stage.bare;
    socket.peer.send({ type: "chat.send", conversationId: elsewhere, message: "?" });
    await socket.peer.barrier();
    orchestrator.emit(elsewhere, { type: "turn-start" });
    orchestrator.end(elsewhere);
    await soon(() => !orchestrator.running.has(elsewhere), "the other turn to end");
    await rest();
    socket.peer.send({ type: "chat.unsubscribe", conversationId: elsewhere });
    await socket.peer.barrier();
    assert.is(socket.region("chatTurn"), "running", "its first turn goes on");
  },
  "another.asks": async (fixture) => {
    fixture.bystander.send({ type: "chat.send", conversationId, message: "?" });
    await fixture.bystander.barrier();
    fixture.asker = "bystander";
    await turnBegins(fixture);
  },
  "turn.begins": turnBegins,
  // A turn-sealed without a turnId: all that some orchestrators emit for a turn that could not begin.
  "turn.endsUnsaid": async ({ stage, bystander }) => {
    stage.bare.orchestrator.running.delete(conversationId);
    stage.bare.orchestrator.emitRaw(conversationId, { type: "turn-sealed", conversationId, turnId: null });
    await bystander.barrier();
  },
  "turn.speaks": bystanderHears,
  "turn.ends": (fixture) => turnEnds(fixture, () => fixture.stage.bare.orchestrator.end(conversationId)),

  "peer.subscribes": async ({ socket }) => {
    socket.peer.send({ type: "subscribe", surfaceId });
    await socket.peer.next("surface");
  },
  "peer.looksAway": async ({ socket }) => {
    socket.peer.send({ type: "unsubscribe", surfaceId });
    await socket.peer.barrier();
  },
  "surface.changes": ({ surface }) => surface.change(surface.asked.length),

  "peer.pings": ({ socket }) => socket.peer.barrier(),
  "peer.withdraws": async ({ stage, socket }) => {
    const withdrawn = { conversationId, messageId: "message-1" };
    socket.peer.send({ type: "chat.queue.cancel", ...withdrawn });
    await socket.peer.barrier();
    assert.equal(stage.bare.orchestrator.asked.at(-1), { call: "cancelQueuedMessage", given: withdrawn });
  },
  "peer.invokes": async ({ socket, surface }) => {
    const before = surface.invoked.length;
    socket.peer.send({ type: "invoke", surfaceId, actionId: "act", payload: before });
    await socket.peer.barrier();
    assert.equal(surface.invoked.slice(before), [{ actionId: "act", payload: before, context: undefined }]);
  },
  "peer.errs": async ({ socket }) => {
    socket.peer.send([]);
    assert.match(String((await socket.peer.next("error"))["message"]), /^Invalid message:/);
  },
  "broadcast.come": async ({ stage, socket, bystander }) => {
    const workspaceId = `w${socket.peer.received.length}`;
    const broadcast = { type: "conversation.open", conversationId, workspaceId } as const;
    stage.bare.announce(broadcast);
    assert.equal(await socket.peer.next("conversation.open"), broadcast);
    await bystander.next(broadcast);
  },
};
