// What is under way inside: facts, admissions, slices, flushes, passes. Must never leave out anything that is due.
import { tellConnection } from "../connection.ts";
import { bit, control, placesIn } from "../outlet.ts";
import type { Stage } from "../stage.ts";
import type { Fact } from "../state.ts";
import { admit, flush, isFlushDue, nextSlice, settle, tellWatch, visit } from "../stream.ts";
import { beginPass, tellSurface, tellSurfaceWatch, visitViewer } from "../surface.ts";
import { nameOf, type Step, whom } from "./step.ts";

/** Takes one fact to its actor. */
export function deliverFact(stage: Stage, { to, at, type }: Fact): void {
  if (to === "connection") tellConnection(stage, at, type);
  else if (to === "watch") tellWatch(stage, at, type);
  else if (to === "surfaceWatch") tellSurfaceWatch(stage, at, type);
  else tellSurface(stage, at, type);
}

/** What is under way inside. */
export function innerSteps(stage: Stage): Step[] {
  const { world } = stage;
  const { feed, news } = world;
  const steps: Step[] = [];
  const add = (words: string, take: (stage: Stage) => void): void => void steps.push({ words, kind: "inner", take });
  const [fact] = world.facts;
  if (fact) add(`the fact ${fact.type} reaches ${whom(fact)}`, deliverFirst);
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
  if (news.isWaiting && news.pass === undefined) add("the broadcast goes out", beginNews);
  if (news.pass !== undefined) {
    if (news.pass === 0) add("the broadcast has gone out", endNews);
    for (const at of placesIn(news.pass)) add(`the broadcast comes to ${nameOf(at)}`, (on) => tellNews(on, at));
  }
  return steps;
}

function deliverFirst(stage: Stage): void {
  const { world } = stage;
  const [fact, ...rest] = world.facts;
  world.facts = rest;
  if (fact) deliverFact(stage, fact);
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

function beginNews(stage: Stage): void {
  const { news, sockets } = stage.world;
  news.isWaiting = false;
  news.pass = sockets.reduce((all, socket, at) => (socket.chart === 0 ? all : all | bit(at)), 0);
  if (stage.setting.bounds.slicedWalks) return;
  for (const at of placesIn(news.pass)) tellNews(stage, at);
  news.pass = undefined;
}

function endNews({ world }: Stage): void {
  world.news.pass = undefined;
}

function tellNews(stage: Stage, at: number): void {
  const { news } = stage.world;
  const socket = stage.socket(at);
  if (news.pass !== undefined) news.pass &= ~bit(at);
  if (socket.chart === 0 || socket.newsFrom >= news.made) return;
  if (stage.setting.breakage === "spares congested sockets the news" && socket.isCongested) return;
  if (control(stage, at)) socket.newsReceived++;
}
