// The events of the connection model in which the peer reads badly, something breaks, or one side ends the socket. They
// never send a valid event of a chart by hand. They break a part that the actor uses. An actor without such a part gets
// an event that cannot be read.
import * as assert from "uvu/assert";
import { opcodes } from "../../../support/http-peer.ts";
import { limits } from "../../../support/limits.ts";
import type { Implementation } from "../../play.ts";
import { rest, soon } from "../soon.ts";
import { conversationId } from "../stage.ts";
import { type Fixture, turnEnds } from "./fixture.ts";

const poison = (): never => {
  throw new Error("a defect provoked on purpose");
};

/** The next call of a method throws. */
function breakOnce<Thing extends object>(thing: Thing, method: keyof Thing): void {
  const value = (): never => {
    Reflect.deleteProperty(thing, method);
    return poison();
  };
  Object.defineProperty(thing, method, { configurable: true, value });
}

/** An event that throws when it is read. */
const poisoned = <Type extends string>(type: Type): { type: Type } =>
  Object.defineProperty({ type }, "type", { get: poison });

/** An unmasked frame (RFC 6455 5.3). */
const breakTheProtocol = ({ socket }: Fixture): void =>
  socket.peer.sendFrame({ opcode: opcodes.text, payload: "{}", masked: false });

async function isClosed({ socket }: Fixture): Promise<void> {
  await soon(() => socket.peer.closing, "the close frame");
}

/** All that was written to a peer that reads has its ack, so time may pass. */
async function everythingIsAcked({ socket, bystander }: Fixture): Promise<void> {
  for (let round = 0; round < 2; round++) await Promise.all([socket.peer.barrier(), bystander.barrier()]);
}

/** Breaks the cursor. The flow's next change then fails: on leaving the live set, or on catching up. */
async function watchBreaks(fixture: Fixture): Promise<void> {
  const { stage, socket } = fixture;
  const { watch } = socket;
  if (!watch) throw new Error("there is no watch to break");
  stage.provoked.push("watch");
  const isCongested = socket.region("flow") === "congested";
  breakOnce(watch.cursor, isCongested ? "pump" : "leave");
  if (isCongested) socket.recovers();
  else await socket.stalls();
  await isClosed(fixture);
}

/** The peer breaks the protocol, and a watch breaks as well while the connection leaves it. */
async function everythingBreaks(fixture: Fixture): Promise<void> {
  const { stage, socket } = fixture;
  const { instead } = stage.bare.orchestrator;
  const alone = "watched by nobody else";
  instead.subscribe = () => () => {
    stage.provoked.push("watch");
    watch?.actor?.send(poisoned("cursor.fellBehind"));
  };
  socket.peer.send({ type: "chat.subscribe", conversationId: alone });
  await socket.peer.barrier();
  delete instead.subscribe;
  const watch = socket.entry.watches.get(alone);
  breakTheProtocol(fixture);
  await isClosed(fixture);
}

async function fallsSilent(fixture: Fixture): Promise<void> {
  const { stage, socket, bystander } = fixture;
  await everythingIsAcked(fixture);
  socket.peer.withholdPongs();
  stage.clock.leap(limits.silentPingMs + 1);
  await bystander.barrier();
  await soon(() => socket.peer.pingsUnanswered > 0, "a ping to the silent peer");
  stage.clock.leap(limits.silentCloseMs - limits.silentPingMs);
  await isClosed(fixture);
}

export const ending: Implementation<Fixture>["events"] = {
  "peer.stalls": ({ socket }) => socket.stalls(),
  "peer.recovers": ({ socket }) => socket.recovers(),
  "peer.isGivenUp": async (fixture) => {
    await everythingIsAcked(fixture);
    fixture.stage.clock.leap(limits.ackTimeoutMs + 1);
    await isClosed(fixture);
  },
  "peer.recoversTooLate": async (fixture) => {
    const { stage, socket } = fixture;
    const { watch } = socket;
    if (!watch) throw new Error("there is no watch to lose its place");
    await turnEnds(fixture, () => stage.bare.orchestrator.end(conversationId));
    // As the memory budgets do.
    watch.feed.log.shedOldest();
    assert.ok(watch.cursor.seq < watch.feed.log.firstSeq - 1, "what the socket needs next was shed");
    socket.recovers();
    await isClosed(fixture);
  },
  "peer.fallsSilent": fallsSilent,
  "peer.breaksTheProtocol": async (fixture) => {
    breakTheProtocol(fixture);
    await isClosed(fixture);
  },
  "peer.floods": async (fixture) => {
    const { commandsBurst, commandRefusalsMax } = limits;
    for (let count = 0; count <= commandsBurst + 2 * commandRefusalsMax; count++)
      fixture.socket.peer.send({ type: "chat.queue.cancel", conversationId, messageId: "none" });
    await isClosed(fixture);
  },
  "token.isRevoked": async (fixture) => {
    fixture.stage.bare.gateway.revoke(() => false);
    fixture.bystanderCode = 4502;
    await isClosed(fixture);
  },
  "server.drains": async (fixture) => {
    const { gateway } = fixture.stage.bare;
    const announced = { deadlineMs: 7_000, reconnectAfterMs: 1_000 };
    fixture.closed = gateway.drain(announced.deadlineMs, announced.reconnectAfterMs);
    fixture.bystanderCode = 1012;
    assert.equal(await fixture.socket.peer.next("server.draining"), { type: "server.draining", ...announced });
    await isClosed(fixture);
  },
  "server.disconnects": async (fixture) => {
    assert.is(fixture.stage.bare.gateway.disconnect(fixture.socket.entry.id), true);
    await isClosed(fixture);
  },
  "watch.breaks": watchBreaks,
  "everything.breaks": everythingBreaks,
  "peer.leaves": async ({ socket }) => {
    socket.peer.sendClose(1000);
    assert.is((await soon(() => socket.peer.closing, "the answer to the close frame")).code, 1000);
  },
  "peer.vanishes": ({ socket }) => socket.peer.vanish(),
  "peer.answers": ({ socket }) => socket.peer.sendClose(socket.peer.closing?.code),
  "peer.keepsStill": async ({ stage }) => {
    stage.clock.leap(limits.closingMs + 1);
    await rest();
  },
  "peer.speaks": async ({ stage, socket }) => {
    const asked = (): number => stage.bare.orchestrator.given("startTurn").length;
    const before = asked();
    socket.peer.send({ type: "chat.send", conversationId, message: "?" });
    await rest(20);
    assert.is(asked(), before, "the server handles nothing while closing");
  },
};
