// Checks that the charts agree with the world. Runs only at rest, when every chart's state has one meaning in plain
// data (a live watch is in the live set, a congested connection's socket is congested …). Must not repeat what the
// invariants promise to clients.

import type { Stage } from "./stage.ts";
import { nameOf } from "./steps/step.ts";
import { currentSurface } from "./surface.ts";
import { openTurnOf } from "./turn.ts";
import { has } from "./writer.ts";

/** All disagreements, as sentences. */
export function disagreements(stage: Stage): string[] {
  const found: string[] = [];
  const expect = (whose: string, what: string, isSo: boolean, shouldBe: boolean): void => {
    if (isSo !== shouldBe)
      found.push(`${whose} is ${isSo ? "" : "not "}${what}, and should ${shouldBe ? "" : "not "}be`);
  };
  for (const at of stage.world.sockets.keys()) ofSocket(stage, at, expect);
  ofConversation(stage, expect);
  ofSurface(stage, expect);
  return found;
}

type Expect = (whose: string, what: string, isSo: boolean, shouldBe: boolean) => void;

function ofSocket(stage: Stage, at: number, expect: Expect): void {
  const { setting } = stage;
  const { charts } = setting;
  const socket = stage.socket(at);
  if (socket.chart === 0) return;
  const name = nameOf(at);
  const own = (path: string): boolean => charts.connection.isIn(socket.chart, path);
  expect(name, "closing", own("closing"), socket.isEnded);
  const { watch, surfaceWatch } = socket;
  if (socket.isEnded) {
    expect(name, "watching the conversation while it closes", watch !== undefined, false);
    expect(name, "watching the surface while it closes", surfaceWatch !== undefined, false);
    return;
  }
  expect(name, "congested", own("open.flow.congested"), socket.isCongested);
  expect(name, "waiting for its own turn", own("open.chatTurn.running"), socket.asks);
  expect(name, "noted as having a turn", socket.isAsking, socket.asks);
  if (watch) {
    const its = (path: string): boolean => charts.watch.isIn(watch.chart, path);
    const whose = `${name}'s watch`;
    expect(whose, "lagging", its("lagging"), socket.isCongested);
    expect(whose, "live", its("live"), !socket.isCongested);
    expect(whose, "in the live set", watch.isLive, !socket.isCongested);
  }
}

function ofConversation(stage: Stage, expect: Expect): void {
  const { world, setting } = stage;
  const { charts } = setting;
  const { conversation, feed, sockets } = world;
  const running = openTurnOf(stage);
  const isWatched = sockets.some(({ watch }) => watch);
  expect("the feed", "subscribed", feed.isSubscribed, isWatched || (feed.isSubscribed && running !== undefined));
  const its = (path: string): boolean => conversation.chart !== 0 && charts.conversation.isIn(conversation.chart, path);
  expect("the conversation", "generating", its("generating"), running !== undefined);
  const texts = conversation.waiting.length > 0;
  const isIdle = running === undefined && !conversation.isClosed && !texts && isWatched;
  expect("the conversation", "idle", its("resting.idle"), isIdle);
  const isClosed = running === undefined && conversation.isClosed && isWatched;
  expect("the conversation", "closed", its("resting.closed"), isClosed);
  expect("the conversation", "queued", its("resting.queued"), running === undefined && texts && !conversation.isClosed);
  const { runner, turnChart } = conversation;
  expect("the turn", "running", turnChart !== 0 && charts.turn.isIn(turnChart, "running"), running !== undefined);
  if (!runner) return;
  const path = runner.isStalled ? "stalled" : `working.${runner.phase}`;
  expect("the turn", path, turnChart !== 0 && charts.turn.isIn(turnChart, `running.${path}`), true);
}

function ofSurface(stage: Stage, expect: Expect): void {
  const { world, setting } = stage;
  const surface = currentSurface(stage);
  for (const [at, socket] of world.sockets.entries()) {
    const isViewer = surface !== undefined && has(surface.viewers, at);
    expect(nameOf(at), "a viewer of the surface", isViewer, socket.surfaceWatch !== undefined);
  }
  expect("a released surface", "still there", world.surfaces.length > (surface ? 1 : 0), false);
  if (!surface) return;
  const its = (path: string): boolean => setting.charts.surface.isIn(surface.chart, path);
  expect("the surface", "current", its("current"), surface.outcome === "good");
  expect("the surface", "failed", its("failed"), surface.outcome === "failed");
}
