// A world's key: two worlds with the same key have the same future. The two sockets are interchangeable, so a world and
// its mirror image have the same key. Must distinguish everything that a step or a promise looks at.
import type { EventNumber } from "./events.ts";
import type { Fact, Socket, Sockets, World } from "./state.ts";
import { has } from "./writer.ts";

const flags = (...all: boolean[]): number => all.reduce((bits, flag, index) => (flag ? bits | (1 << index) : bits), 0);
const code = (number: number): string => String.fromCharCode(number + 48);
const maybe = (number: number | undefined): string => (number === undefined ? "-" : code(number));

/** Begins with the list's length, so that no two lists look the same together with what follows them. */
function list(numbers: readonly number[]): string {
  let text = code(numbers.length);
  for (const number of numbers) text += code(number);
  return text;
}

/** Received events that equal the emitted ones are encoded as their number alone. */
function receivedKey(received: readonly EventNumber[], from: number, emitted: readonly EventNumber[]): string {
  for (const [index, event] of received.entries()) if (event !== emitted[from + index]) return `!${list(received)}!`;
  return code(received.length);
}

function socketKey(socket: Socket, emitted: readonly EventNumber[]): string {
  if (socket.chart === 0) return socket.strays.length > 0 ? `.${socket.strays.join()}` : ".";
  const { watch, surfaceWatch } = socket;
  let key =
    code(socket.chart) +
    code(flags(socket.isStalled, socket.isCongested, socket.isEnded, socket.isCut, socket.isAsking, socket.asks)) +
    code(socket.unread) +
    code(socket.broadcastsFrom * 4 + socket.broadcastsReceived) +
    maybe(socket.specSeen);
  if (socket.closeCode !== socket.closeDue || socket.isEnded) key += `c${socket.closeCode},${socket.closeDue};`;
  if (socket.refusals.length + socket.refusalsOwed.length > 0) key += `r${socket.refusals}/${socket.refusalsOwed};`;
  if (socket.strays.length > 0) key += `s${socket.strays};`;
  if (watch)
    key += `w${code(watch.chart)}${code(watch.seq)}${code(watch.admissions * 2 + (watch.isLive ? 1 : 0))}${code(
      watch.slices,
    )}${code(watch.from)}${receivedKey(watch.received, watch.from, emitted)}`;
  if (surfaceWatch) {
    key += `v${code(surfaceWatch.awaiting * 2 + (surfaceWatch.hasNewest ? 1 : 0))}`;
    key += code(surfaceWatch.asked);
    for (const { kind, age } of surfaceWatch.received) key += kind === "surface" ? code(age) : `u${code(age)}`;
  }
  return key;
}

const factNumbers = new Map<string, number>();

function factKey({ to, at, type }: Fact, isMirrored: boolean): string {
  const place = isMirrored && to !== "surface" ? 1 - at : at;
  const name = `${to} ${type}`;
  let number = factNumbers.get(name);
  if (number === undefined) {
    number = factNumbers.size;
    factNumbers.set(name, number);
  }
  return code(number * 8 + place);
}

const mirrored = (sockets: Sockets): Sockets => (has(sockets, 0) ? 2 : 0) | (has(sockets, 1) ? 1 : 0);

function sharedKey(world: World, isMirrored: boolean): string {
  const { conversation, feed, broadcast } = world;
  const { runner } = conversation;
  const set = (sockets: Sockets): Sockets => (isMirrored ? mirrored(sockets) : sockets);
  let key =
    code(world.gateway) +
    code(conversation.chart) +
    code(conversation.turnChart) +
    code(
      flags(
        conversation.exists,
        conversation.isClosed,
        conversation.isStoreFailing,
        conversation.isDraining,
        feed.exists,
      ),
    ) +
    code(flags(feed.isSubscribed, feed.isSettling, broadcast.isWaiting)) +
    code(broadcast.made) +
    maybe(broadcast.pass === undefined ? undefined : set(broadcast.pass)) +
    (conversation.lastReason?.[0] ?? "-");
  key += runner ? "R" : "-";
  if (runner)
    key += `${code(runner.turn)}${runner.phase[0]}${runner.phase[1]}${runner.ended?.[0] ?? "-"}${code(
      flags(runner.isAgentAtWork, runner.isToolOpen),
    )}${code(runner.agentEvents)}`;
  key += list(conversation.emitted);
  key += code(conversation.cancelled.length);
  for (const { turn, at } of conversation.cancelled) key += code(turn) + code(at);
  key += code(conversation.texts.length);
  for (const { at } of conversation.texts) key += code(at);
  key += list(conversation.waiting) + code(conversation.handed.length);
  for (const texts of conversation.handed) key += list(texts);
  if (feed.exists) {
    key += `${list(feed.log)}${code(feed.head)}${maybe(feed.running?.start)}${feed.walk ? "W" : "-"}`;
    if (feed.walk) key += `${code(feed.walk.from)}${code(feed.walk.to)}${code(set(feed.walk.visit))}`;
  }
  key += code(world.surfaces.length);
  for (const surface of world.surfaces) {
    key += code(surface.chart) + code(set(surface.viewers));
    key += maybe(surface.question) + maybe(surface.oldQuestion);
    key += surface.outcome[0] + maybe(surface.pending) + maybe(surface.frame);
    key += code(flags(surface.isCurrent, surface.isPassWanted, surface.isQuestionDue));
    key += maybe(surface.pass === undefined ? undefined : set(surface.pass));
  }
  key += "|";
  for (const signal of world.signals) key += factKey(signal, isMirrored);
  return key;
}

export function keyOf(world: World): string {
  const { emitted } = world.conversation;
  const [first, second] = world.sockets;
  const a = first ? socketKey(first, emitted) : "";
  if (!second) return a + sharedKey(world, false);
  const b = socketKey(second, emitted);
  if (a < b) return `${a}&${b}&${sharedKey(world, false)}`;
  if (b < a) return `${b}&${a}&${sharedKey(world, true)}`;
  const plain = sharedKey(world, false);
  const mirror = sharedKey(world, true);
  return `${a}&${b}&${plain < mirror ? plain : mirror}`;
}
