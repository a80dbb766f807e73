// The pending inner steps: signals, admissions, slices, flushes, walks. Must never leave out a step that is due.
import { tellConnection } from "../connection.ts";
import type { Stage } from "../stage.ts";
import type { Fact } from "../state.ts";
import { admit, flush, isFlushDue, nextSlice, settle, tellWatch, visit } from "../stream.ts";
import { beginPass, tellSurface, visitViewer } from "../surface.ts";
import { bit, control, placesIn } from "../writer.ts";
import { nameOf, type Step, whom } from "./step.ts";

/** Delivers one signal to its actor. */
export function deliverFact(stage: Stage, { to, at, type }: Fact): void {
  if (to === "connection") tellConnection(stage, at, type);
  else if (to === "watch") tellWatch(stage, at, type);
  else tellSurface(stage, at, type);
}

/** All inner steps that are pending. */
export function innerSteps(stage: Stage): Step[] {
  const { world } = stage;
  const { feed, broadcast } = world;
  const steps: Step[] = [];
  const add = (words: string, take: (stage: Stage) => void): void => void steps.push({ words, kind: "inner", take });
  const [signal] = world.signals;
  if (signal) add(`the signal ${signal.type} reaches ${whom(signal)}`, deliverFirst);
  for (const [at, { watch }] of world.sockets.entries()) {
    if (!watch) continue;
    if (watch.admissions > 0) add(`${nameOf(at)}'s watch is let in`, (on) => admit(on, at));
    if (watch.slices > 0) add(`${nameOf(at)}'s cursor is given its next slice`, (on) => nextSlice(on, at));
  }
  if (isFlushDue(stage)) add("what has gathered is flushed to the live set", flush);
  if (feed.walk) {
    if (feed.walk.visit === 0) add("the flush ends", endWalk);
    for (const at of placesIn(feed.walk.visit)) add(`the flush comes to ${nameOf(at)}`, (on) => visit(on, at));
  }
  if (feed.isSettling) add("the feed looks whether it is still needed", settleFeed);
  for (const [at, surface] of world.surfaces.entries()) {
    if (surface.isPassWanted && surface.pass === undefined)
      add("the surface's spec goes out to its viewers", (on) => beginPass(on, at));
    if (surface.pass === undefined) continue;
    if (surface.pass === 0) add("the spec has gone out", (on) => endPass(on, at));
    for (const viewer of placesIn(surface.pass))
      add(`the spec comes to ${nameOf(viewer)}`, (on) => visitViewer(on, at, viewer));
  }
  if (broadcast.isWaiting && broadcast.pass === undefined) add("the broadcast goes out", beginBroadcasts);
  if (broadcast.pass !== undefined) {
    if (broadcast.pass === 0) add("the broadcast has gone out", endBroadcasts);
    for (const at of placesIn(broadcast.pass))
      add(`the broadcast comes to ${nameOf(at)}`, (on) => tellBroadcast(on, at));
  }
  return steps;
}

function deliverFirst(stage: Stage): void {
  const { world } = stage;
  const [signal, ...rest] = world.signals;
  world.signals = rest;
  if (signal) deliverFact(stage, signal);
}

function endWalk({ world }: Stage): void {
  world.feed.walk = undefined;
}

function settleFeed(stage: Stage): void {
  stage.world.feed.isSettling = false;
  settle(stage);
}

function endPass({ world }: Stage, at: number): void {
  const surface = world.surfaces[at];
  if (surface) surface.pass = undefined;
}

function beginBroadcasts(stage: Stage): void {
  const { broadcast, sockets } = stage.world;
  broadcast.isWaiting = false;
  broadcast.pass = sockets.reduce((all, socket, at) => (socket.chart === 0 ? all : all | bit(at)), 0);
  if (stage.setting.bounds.slicedWalks) return;
  for (const at of placesIn(broadcast.pass)) tellBroadcast(stage, at);
  broadcast.pass = undefined;
}

function endBroadcasts({ world }: Stage): void {
  world.broadcast.pass = undefined;
}

function tellBroadcast(stage: Stage, at: number): void {
  const { broadcast } = stage.world;
  const socket = stage.socket(at);
  if (broadcast.pass !== undefined) broadcast.pass &= ~bit(at);
  if (socket.chart === 0 || socket.broadcastsFrom >= broadcast.made) return;
  if (stage.setting.breakage === "spares congested sockets the broadcast" && socket.isCongested) return;
  if (control(stage, at)) socket.broadcastsReceived++;
}
