// What must be true in each state of the connection model: the server's own actors, and what the peer receives.
import * as assert from "uvu/assert";
import type { Implementation } from "../../play.ts";
import { comesTo, soon } from "../soon.ts";
import { stateOf } from "../stage.ts";
import { bystanderHears, type Fixture } from "./fixture.ts";

/** Asserts the flow, and what the peer receives of the conversation in it. */
async function flows({ socket, refusals }: Fixture, flow: "flowing" | "congested", cursor: "live" | "lagging") {
  const isFlowing = flow === "flowing";
  await comesTo(() => socket.region("flow"), flow, "the connection's flow");
  assert.is(socket.entry.writer.congested, !isFlowing);
  if (socket.isFollowing) {
    await comesTo(() => socket.watchState, cursor, "the watch's cursor");
    assert.is(socket.watch?.feed.live.has(socket.watch.cursor), isFlowing, "membership in the live set");
  }
  if (isFlowing) await socket.isUpToDate();
  else await socket.isTold("nothing");
  assert.is(socket.peer.count("chat.error"), refusals, "refusals of chat");
}

/** A turn runs, or none, and the connection shows whether it is its own. */
async function sees({ stage, socket }: Fixture, isRunning: boolean, chatTurn: "quiet" | "running"): Promise<void> {
  await comesTo(() => socket.region("chatTurn"), chatTurn, "the connection's own turn");
  assert.is(socket.entry.subscriptions > 0, true);
  assert.is(stage.isRunning, isRunning);
}

/** Asserts that the close frame is out, that no frame follows it, and that no subscription is left. */
async function isClosing({ stage, socket }: Fixture, name: string, code: number): Promise<void> {
  await comesTo(() => socket.value, { closing: { because: name, farewell: "told" } }, "the connection's state");
  const close = await soon(() => socket.peer.closing, "the close frame");
  assert.is(close.code, code);
  assert.is(socket.peer.framesAfterClose, 0, "frames after the close frame");
  assert.is(socket.entry.subscriptions, 0, "subscriptions of a closing socket");
  assert.is(stage.bare.gateway.connections.get(socket.entry.id), socket.entry, "kept until the peer has gone");
}

/** Asserts that the connection is released, that the turn goes on, and that the bystander is not affected. */
async function isGone(fixture: Fixture): Promise<void> {
  const { stage, socket, bystander, closed, bystanderCode } = fixture;
  const { gateway, orchestrator, host } = stage.bare;
  await comesTo(() => socket.value, "closed", "the connection's state");
  socket.peer.letGo();
  await soon(() => socket.peer.isGone, "the TCP connection to end");
  assert.is(gateway.connections.get(socket.entry.id), undefined, "the connection is released");
  assert.is(socket.entry.subscriptions, 0);
  assert.is(orchestrator.given("stopTurn").length, fixture.cancels, "a socket that leaves aborts no turn");
  const logged = host.said("transport-ws: connection close");
  assert.is(logged.filter(({ fields }) => fields?.["connectionId"] === socket.entry.id).length, 1);
  await closed;
  if (bystanderCode !== undefined) {
    assert.is((await bystander.untilClosed()).code, bystanderCode);
    return;
  }
  if (stage.isRunning) await bystanderHears(fixture);
  const chatTurn = fixture.asker === "bystander" ? "running" : "quiet";
  const left = [...gateway.connections.all()].map(({ actor }) => stateOf(actor));
  assert.equal(left, [{ open: { flow: "flowing", chatTurn } }], "the bystander's connection");
}

export const states: Implementation<Fixture>["states"] = {
  "open.flow.flowing": (fixture) => flows(fixture, "flowing", "live"),
  "open.flow.congested": (fixture) => flows(fixture, "congested", "lagging"),
  "open.chat.unwatched": async ({ socket }) => {
    await comesTo(() => socket.region("chatTurn"), "quiet", "the connection's own turn");
    assert.is(socket.watch, undefined);
    await socket.isTold("nothing");
  },
  "open.chat.quiet": (fixture) => sees(fixture, false, "quiet"),
  "open.chat.requested": (fixture) => sees(fixture, true, "running"),
  "open.chat.answered": (fixture) => sees(fixture, true, "running"),
  "open.chat.overheard": (fixture) => sees(fixture, true, "quiet"),
  "open.surface.hidden": async ({ stage, socket, surface }) => {
    assert.is(socket.entry.surfaceWatches.size, 0);
    await comesTo(() => stage.actors("surface"), [], "the surface, at which nobody looks");
    assert.is(surface.subscriptions, 0, "subscriptions at the provider");
  },
  "open.surface.shown": async ({ stage, socket, surface }) => {
    assert.is(socket.entry.surfaceWatches.size, 1);
    await comesTo(() => stage.actors("surface"), ["current"], "the surface");
    const isNewest = (): boolean => {
      const newest = socket.peer.received.findLast(({ type }) => type === "surface" || type === "update");
      return JSON.stringify(newest).includes(`"payload":${JSON.stringify(surface.value)}`);
    };
    if (socket.region("flow") === "flowing") await soon(isNewest, "the newest spec to be shown");
  },
  "closing.asked": (fixture) => isClosing(fixture, "asked", 1001),
  "closing.slow": (fixture) => isClosing(fixture, "slow", 4001),
  "closing.silent": (fixture) => isClosing(fixture, "silent", 4002),
  "closing.flooding": (fixture) => isClosing(fixture, "flooding", 4003),
  "closing.revoked": (fixture) => isClosing(fixture, "revoked", 4502),
  "closing.refused": (fixture) => isClosing(fixture, "refused", 1002),
  "closing.draining": (fixture) => isClosing(fixture, "draining", 1012),
  "closing.defect": (fixture) => isClosing(fixture, "defect", 1011),
  gone: isGone,
};
