// The conversation's stream to its watchers, as src/streams/feed.ts, src/streams/cursor.ts and src/streams/watches.ts
// implement it: the log, the live set, cursors that catch up in slices, and the watch charts that decide when each of
// these is used.
import type { Effect } from "./chart.ts";
import { isActive, seeWhoIsThere, wake } from "./conversation.ts";
import type { EventNumber } from "./events.ts";
import type { Stage } from "./stage.ts";
import type { Sockets } from "./state.ts";
import { openTurnOf } from "./turn.ts";
import { bit, deliver, has, placesIn } from "./writer.ts";

// ── the feed ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Takes an event of the conversation. A feed with a log subscribes again when a turn begins (Feeds.turnBegins). */
export function hear(stage: Stage, event: EventNumber): void {
  const { feed } = stage.world;
  const { type } = stage.setting.events.at(event);
  if (type === "user-message" && feed.exists) feed.isSubscribed = true;
  if (feed.isSubscribed) append(stage, event);
}

function append(stage: Stage, event: EventNumber): void {
  const { feed, sockets } = stage.world;
  const { type, turn } = stage.setting.events.at(event);
  const start = feed.log.length;
  feed.log = [...feed.log, event];
  if (feed.running?.turn !== turn) feed.running = { turn, start };
  if (type !== "turn-sealed") return;
  feed.running = undefined;
  for (const at of sockets.keys()) turnOver(stage, at);
  feed.isSettling = true;
}

const liveSet = (stage: Stage): Sockets =>
  stage.world.sockets.reduce((all, socket, at) => (socket.watch?.isLive ? all | bit(at) : all), 0);

/** The seq up to which events are written, or being written, to the live set. */
function headOf(stage: Stage): number {
  const { feed } = stage.world;
  if (liveSet(stage) === 0 && !feed.walk) feed.head = feed.log.length;
  return feed.head;
}

/** Unsubscribes the feed when no watch and no turn needs it any more. */
export function settle(stage: Stage): void {
  const { feed, sockets } = stage.world;
  if (sockets.some(({ watch }) => watch) || feed.running) return;
  if (feed.isSubscribed && isActive(stage)) return;
  if (!feed.isSubscribed) return;
  feed.isSubscribed = false;
  seeWhoIsThere(stage);
}

/** Whether the live set lacks events of the log and no flush is in progress. */
export const isFlushDue = (stage: Stage): boolean => {
  const { feed } = stage.world;
  return !feed.walk && feed.log.length > feed.head && liveSet(stage) !== 0;
};

export function flush(stage: Stage): void {
  const { feed } = stage.world;
  feed.walk = { from: feed.head, to: feed.log.length, visit: liveSet(stage) };
  feed.head = feed.log.length;
  if (stage.setting.bounds.slicedWalks) return;
  for (const at of placesIn(feed.walk.visit)) visit(stage, at);
  feed.walk = undefined;
}

/** Writes the walk's events to one socket. */
export function visit(stage: Stage, at: number): void {
  const { walk, log } = stage.world.feed;
  const { watch, strays } = stage.socket(at);
  if (!walk) return;
  walk.visit &= ~bit(at);
  const frames = log.slice(walk.from, walk.to);
  if (!watch) {
    // Only with a breakage: an event after the unsubscribe.
    const [first] = frames;
    if (first !== undefined) stage.socket(at).strays = [...strays, stage.setting.events.at(first).type];
    return;
  }
  if (watch.seq >= walk.to) return;
  if (watch.seq !== walk.from) {
    leaveLive(stage, at);
    stage.post("watch", at, "cursor.fellBehind");
  } else if (deliver(stage, at)) {
    watch.seq = walk.to;
    watch.received = [...watch.received, ...frames];
    if (stage.setting.breakage === "delivers twice") watch.received = [...watch.received, ...frames];
  } else leaveLive(stage, at);
}

// ── a watch ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export function openWatch(stage: Stage, at: number): void {
  const { feed, conversation } = stage.world;
  const socket = stage.socket(at);
  feed.exists = true;
  if (!feed.isSubscribed) {
    feed.isSubscribed = true;
    wake(stage);
    const running = openTurnOf(stage);
    if (running) for (const event of conversation.emitted.slice(running.start)) append(stage, event);
  }
  const beginsLate = stage.setting.breakage === "begins late";
  socket.watch = {
    chart: 0,
    seq: beginsLate ? feed.log.length : (feed.running?.start ?? feed.log.length),
    isLive: false,
    admissions: 0,
    slices: 0,
    from: openTurnOf(stage)?.start ?? conversation.emitted.length,
    received: [],
  };
  const move = stage.setting.charts.watch.begin();
  socket.watch.chart = move.to;
  for (const effect of move.effects) perform(stage, at, effect);
  if (socket.isCongested) stage.post("watch", at, "socket.congested");
}

/** Nothing more is written for the watch. @param isTold whether its actor gets `watch.leave` and must end. */
export function endWatch(stage: Stage, at: number, isTold: boolean): void {
  const { world } = stage;
  const socket = stage.socket(at);
  const { watch } = socket;
  if (!watch) return;
  const goesOn = stage.setting.breakage === "delivers after the unsubscribe" && world.feed.walk;
  if (world.feed.walk && !goesOn) world.feed.walk.visit &= ~bit(at);
  world.endedWatches.push({ socket: at, watch, to: world.conversation.emitted.length });
  socket.watch = undefined;
  socket.asks = false;
  stage.forgetSignals((signal) => signal.to === "watch" && signal.at === at);
  settle(stage);
  if (!isTold) return;
  const move = stage.setting.charts.watch.step(watch.chart, { type: "watch.leave" });
  if (move.unexpected !== undefined) stage.problem(move.unexpected);
  if (!move.isDone) stage.problem("a watch that was told to leave does not end");
}

export function tellWatch(stage: Stage, at: number, type: string): void {
  const { watch } = stage.socket(at);
  if (!watch) return;
  const move = stage.setting.charts.watch.step(watch.chart, { type });
  if (move.unexpected !== undefined) stage.problem(move.unexpected);
  watch.chart = move.to;
  for (const effect of move.effects) perform(stage, at, effect);
  if (move.isDone) stage.problem(`a watch ends by ${type}`);
}

function perform(stage: Stage, at: number, { name }: Effect): void {
  const { watch } = stage.socket(at);
  if (!watch) return;
  switch (name) {
    case "askAdmission":
      watch.admissions++;
      return;
    case "catchUp":
      pump(stage, at);
      return;
    case "joinLive":
      join(stage, at);
      return;
    case "leaveLive":
      leaveLive(stage, at);
      return;
    default:
      stage.problem(`the watch's chart asks for ${name}, which the world has not`);
  }
}

/** The turn that this socket asked for is sealed, or the socket no longer watches it. */
export function turnOver(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  if (socket.isAsking) stage.post("connection", at, "turn.over");
  socket.isAsking = false;
}

export function admit(stage: Stage, at: number): void {
  const { watch } = stage.socket(at);
  if (!watch) return;
  watch.admissions--;
  stage.post("watch", at, "watch.admitted");
}

export function nextSlice(stage: Stage, at: number): void {
  const { watch } = stage.socket(at);
  if (!watch) return;
  watch.slices--;
  pump(stage, at);
}

function pump(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  const { watch } = socket;
  if (!watch || socket.isEnded || socket.isCongested) return;
  const head = headOf(stage);
  if (watch.seq < head) {
    if (!writeSlice(stage, at, head)) return;
    if (watch.seq < head) {
      if (!socket.isCongested) watch.slices++;
      return;
    }
  }
  stage.post("watch", at, "cursor.reachedEnd");
}

function writeSlice(stage: Stage, at: number, head: number): boolean {
  const { watch } = stage.socket(at);
  if (!watch || !deliver(stage, at)) return false;
  const to = Math.min(head, watch.seq + stage.setting.bounds.eventsPerSlice);
  watch.received = [...watch.received, ...stage.world.feed.log.slice(watch.seq, to)];
  watch.seq = to;
  return true;
}

function join(stage: Stage, at: number): void {
  const { feed } = stage.world;
  const { watch } = stage.socket(at);
  if (!watch) return;
  const head = headOf(stage);
  if (watch.seq < head) writeSlice(stage, at, head);
  if (watch.seq >= head && stage.setting.breakage !== "never stops asking") {
    watch.isLive = true;
    if (feed.walk) feed.walk.visit |= bit(at);
  } else stage.post("watch", at, "cursor.fellBehind");
}

function leaveLive(stage: Stage, at: number): void {
  const { feed } = stage.world;
  const { watch } = stage.socket(at);
  if (watch) watch.isLive = false;
  if (feed.walk && has(feed.walk.visit, at)) feed.walk.visit &= ~bit(at);
}
