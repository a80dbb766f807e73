// Removes from the world what no later step and no promise depends on, so that endless histories have finitely many
// states: turns that every watcher has seen, answers that were due and arrived. Must only forget what was checked.

import type { Stage } from "./stage.ts";
import type { SurfaceWatch, Watch, World } from "./state.ts";
import { currentSurface } from "./surface.ts";

/** Whether no client can tell the two worlds apart before rest. Compares identities: lists never change in place. */
export function looksAlike(first: World, second: World): boolean {
  const { conversation: a } = first;
  const { conversation: b } = second;
  if (a.emitted !== b.emitted || a.texts !== b.texts || a.cancelled !== b.cancelled) return false;
  if (second.endedWatches.length > 0 || first.broadcast.made !== second.broadcast.made) return false;
  return second.sockets.every((socket, at) => {
    const before = first.sockets[at];
    return (
      before !== undefined &&
      socket.watch?.received === before.watch?.received &&
      socket.surfaceWatch?.received === before.surfaceWatch?.received &&
      socket.surfaceWatch?.asked === before.surfaceWatch?.asked &&
      socket.refusals === before.refusals &&
      socket.refusalsOwed === before.refusalsOwed &&
      socket.broadcastsReceived === before.broadcastsReceived &&
      socket.strays === before.strays &&
      (socket.chart === 0) === (before.chart === 0)
    );
  });
}

/** Whether forget() will remove something that must be checked first. */
export function isWorthALook(stage: Stage): boolean {
  const { world } = stage;
  if (world.endedWatches.length > 0 || turnsToForget(stage) > 0 || isBroadcastOver(world)) return true;
  return world.sockets.some(
    ({ refusals, refusalsOwed, surfaceWatch }) =>
      refusals.length > 0 || refusalsOwed.length > 0 || (surfaceWatch?.received.length ?? 0) > 1,
  );
}

export function forget(stage: Stage): void {
  const { world } = stage;
  world.endedWatches = [];
  for (const socket of world.sockets) {
    if (socket.refusals.length > 0 && sameTexts(socket.refusals, socket.refusalsOwed)) {
      socket.refusals = [];
      socket.refusalsOwed = [];
    }
    if (socket.surfaceWatch) forgetSpecs(socket.surfaceWatch);
    if ((socket.surfaceWatch?.received.length ?? 0) > 0) socket.specSeen = undefined;
  }
  if (isBroadcastOver(world)) {
    world.broadcast.made = 0;
    for (const socket of world.sockets) {
      socket.broadcastsFrom = 0;
      socket.broadcastsReceived = 0;
    }
  }
  if (!currentSurface(stage)) for (const surface of world.surfaces) surface.pass = undefined;
  trimLog(world);
  forgetTurns(stage);
  renumberTexts(stage);
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);

/** Keeps only the last spec it has seen, as if it had asked for the whole surface only then. */
function forgetSpecs(watch: SurfaceWatch): void {
  const last = watch.received.at(-1);
  const shown = watch.received.filter(({ kind }) => kind === "surface").length;
  if (!last || watch.received[0]?.kind !== "surface" || shown !== watch.asked - watch.awaiting) return;
  if (watch.received.length > 1) watch.received = [{ kind: "surface", age: last.age }];
  watch.asked = 1 + watch.awaiting;
}

function isBroadcastOver({ broadcast, sockets }: World): boolean {
  if (broadcast.made === 0 || broadcast.isWaiting || broadcast.pass !== undefined) return false;
  return sockets.every(
    (socket) =>
      socket.chart === 0 || socket.isEnded || socket.broadcastsFrom + socket.broadcastsReceived === broadcast.made,
  );
}

/** Drops the events of the log that every cursor has passed, except those of the running turn. */
function trimLog(world: World): void {
  const { feed, sockets } = world;
  const watches = sockets.flatMap(({ watch }) => (watch ? [watch] : []));
  if (!feed.walk && !watches.some(({ isLive }) => isLive)) feed.head = feed.log.length;
  const drop = behindAll(world);
  if (drop <= 0) return;
  feed.log = feed.log.slice(drop);
  feed.head -= drop;
  if (feed.walk) {
    feed.walk.from -= drop;
    feed.walk.to -= drop;
  }
  if (feed.running) feed.running = { ...feed.running, start: feed.running.start - drop };
  for (const watch of watches) watch.seq -= drop;
}

/** Whether the watch has received all events up to `until`, as they were emitted. */
function hasSeen({ conversation }: World, watch: Watch, until: number): boolean {
  if (watch.from >= until) return true;
  const due = until - watch.from;
  if (watch.received.length < due) return false;
  for (let index = 0; index < due; index++)
    if (watch.received[index] !== conversation.emitted[watch.from + index]) return false;
  return true;
}

/** How many events of the oldest sealed turns every watcher has seen. */
function turnsToForget({ world, setting }: Stage): number {
  const { conversation, feed, sockets } = world;
  // While texts are queued, the turn is kept: the reason it ended decides what happens to them.
  if (conversation.waiting.length > 0 || conversation.handed.length > 0) return 0;
  let drop = 0;
  for (const [index, event] of conversation.emitted.entries()) {
    if (setting.events.at(event).type !== "turn-sealed") continue;
    if (!sockets.every(({ watch }) => !watch || hasSeen(world, watch, index + 1))) break;
    const { turn } = setting.events.at(event);
    const { log } = feed;
    const first = log[behindAll(world)];
    if (first !== undefined && setting.events.at(first).turn <= turn) break;
    drop = index + 1;
  }
  return drop;
}

/** How many events of the log every cursor has passed. */
function behindAll({ feed, sockets }: World): number {
  let least = feed.running?.start ?? feed.log.length;
  if (feed.walk) least = Math.min(least, feed.walk.from);
  for (const { watch } of sockets) {
    if (!watch) continue;
    least = Math.min(least, watch.seq);
    if (watch.isLive) least = Math.min(least, feed.head);
  }
  return least;
}

function forgetTurns(stage: Stage): void {
  const drop = turnsToForget(stage);
  if (drop === 0) return;
  const { world, setting } = stage;
  const { conversation, feed } = world;
  const forgotten = conversation.emitted.slice(0, drop);
  const turns = new Set(forgotten.map((event) => setting.events.at(event).turn)).size;
  const gone = new Set(forgotten.flatMap((event) => setting.events.at(event).texts));
  const renumbered = (event: number): number => setting.events.renumbered(event, turns, (text) => text);
  conversation.emitted = conversation.emitted.slice(drop).map(renumbered);
  conversation.cancelled = conversation.cancelled
    .map(({ turn, at }) => ({ turn: turn - turns, at: at - drop }))
    .filter(({ turn }) => turn > 0);
  conversation.texts = conversation.texts
    .filter(({ text }) => !gone.has(text))
    .map(({ text, at }) => ({ text, at: Math.max(0, at - drop) }));
  conversation.turnsBegun -= turns;
  if (conversation.runner) conversation.runner.turn -= turns;
  if (feed.running) feed.running = { ...feed.running, turn: feed.running.turn - turns };
  feed.log = feed.log.map(renumbered);
  for (const { watch } of world.sockets) {
    if (!watch) continue;
    watch.received = watch.received.slice(Math.max(0, drop - watch.from)).map(renumbered);
    watch.from = Math.max(0, watch.from - drop);
  }
}

/** Renumbers the texts by their order among those that are not forgotten. */
function renumberTexts(stage: Stage): void {
  const { world, setting } = stage;
  const { conversation, feed } = world;
  conversation.textsAccepted = conversation.texts.length;
  if (conversation.texts.every(({ text }, index) => text === index + 1)) return;
  const names = new Map(conversation.texts.map(({ text }, index) => [text, index + 1]));
  const nameOf = (text: number): number => names.get(text) ?? text;
  const renumbered = (event: number): number => setting.events.renumbered(event, 0, nameOf);
  conversation.texts = conversation.texts.map(({ text, at }) => ({ text: nameOf(text), at }));
  conversation.waiting = conversation.waiting.map(nameOf);
  conversation.handed = conversation.handed.map((texts) => texts.map(nameOf));
  conversation.emitted = conversation.emitted.map(renumbered);
  feed.log = feed.log.map(renumbered);
  for (const { watch } of world.sockets) if (watch) watch.received = watch.received.map(renumbered);
}
