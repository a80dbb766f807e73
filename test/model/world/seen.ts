// A state of the explored world as the view that the invariants check, and the states of its charts as readable text.
// Must add nothing that is not in the state.
import type { Said, SocketView, View, WatchView } from "../view.ts";
import { nameOfText, nameOfTurn } from "./events.ts";
import type { Stage } from "./stage.ts";
import type { Socket, Watch } from "./state.ts";
import { innerSteps } from "./steps/inner.ts";
import { nameOf } from "./steps/step.ts";
import { ageMost, currentSurface } from "./surface.ts";

const conversationId = "c";
const surfaceKey = "s";
const versionOf = (age: number): number => ageMost - age;

/** No inner step is pending, no turn waits for its agent's stop or for the store, and no surface for its provider. */
export function isAtRest(stage: Stage): boolean {
  const { conversation, surfaces } = stage.world;
  if (conversation.runner?.ended !== undefined) return false;
  if (surfaces.some(({ outcome }) => outcome === "asked")) return false;
  return innerSteps(stage).length === 0;
}

export function viewOf(stage: Stage): View {
  const { world, setting } = stage;
  const { conversation } = world;
  const said = (event: number): Said => setting.events.at(event).said;
  const isOwed = ({ text }: { text: number }): boolean =>
    !conversation.isDraining || !conversation.waiting.includes(text);
  const broadcast = Array.from({ length: world.broadcast.made }, (_, index) => `broadcast ${index + 1}`);
  return {
    atRest: isAtRest(stage),
    conversations: [
      {
        id: conversationId,
        emitted: conversation.emitted.map(said),
        cancelled: conversation.cancelled.map(({ turn, at }) => ({ turnId: nameOfTurn(turn), at })),
        // A server that stops begins no turns: queued texts are kept for the next start.
        texts: conversation.texts.filter(isOwed).map(({ text, at }) => ({ text: nameOfText(text), at })),
      },
    ],
    sockets: world.sockets.map((socket, at) => socketView(stage, socket, at, broadcast, said)),
    surfaces: setting.bounds.hasSurface
      ? [{ key: surfaceKey, newest: versionOf(0), isFailing: currentSurface(stage)?.outcome === "failed" }]
      : [],
    broadcast,
  };
}

function socketView(
  { world }: Stage,
  socket: Socket,
  at: number,
  broadcast: readonly string[],
  said: (event: number) => Said,
): SocketView {
  const watchView = (watch: Watch, to: number | undefined): WatchView => ({
    conversationId,
    from: [watch.from],
    to,
    liveFrom: undefined,
    received: watch.received.map(said),
  });
  const ended = world.endedWatches.filter((one) => one.socket === at).map(({ watch, to }) => watchView(watch, to));
  const { surfaceWatch, specSeen } = socket;
  const seen = (age: number) => ({ kind: "surface" as const, version: versionOf(age) });
  return {
    name: nameOf(at),
    isOpen: socket.chart !== 0 && !socket.isEnded,
    isReading: !socket.isStalled,
    watches: [...ended, ...(socket.watch ? [watchView(socket.watch, undefined)] : [])],
    surfaces: [
      ...(specSeen === undefined ? [] : [{ key: surfaceKey, isWatching: false, asked: 1, received: [seen(specSeen)] }]),
      ...(surfaceWatch
        ? [
            {
              key: surfaceKey,
              isWatching: true,
              asked: surfaceWatch.asked,
              received: surfaceWatch.received.map(({ kind, age }) => ({ kind, version: versionOf(age) })),
            },
          ]
        : []),
    ],
    refusals: { owed: socket.refusalsOwed, received: socket.refusals },
    broadcast: {
      from: socket.broadcastsFrom,
      received: broadcast.slice(socket.broadcastsFrom, socket.broadcastsFrom + socket.broadcastsReceived),
    },
    strays: socket.strays,
  };
}

/** The states of all charts and the signals under way, in one line. */
export function chartsIn(stage: Stage): string {
  const { world, setting } = stage;
  const { charts } = setting;
  const parts = world.sockets.flatMap((socket, at) => {
    const name = nameOf(at);
    if (socket.chart === 0) return [`${name}: gone`];
    const own = [`${name}: ${charts.connection.nameOf(socket.chart)}`];
    if (socket.watch) own.push(`watch ${charts.watch.nameOf(socket.watch.chart)}`);
    if (socket.surfaceWatch) own.push(`surface watch ${socket.surfaceWatch.awaiting > 0 ? "waiting" : "shown"}`);
    return [own.join(", ")];
  });
  const { conversation } = world;
  if (conversation.chart !== 0) {
    const turn = conversation.turnChart === 0 ? "" : `, turn ${charts.turn.nameOf(conversation.turnChart)}`;
    parts.push(`conversation: ${charts.conversation.nameOf(conversation.chart)}${turn}`);
  }
  for (const { chart } of world.surfaces) parts.push(`surface: ${charts.surface.nameOf(chart)}`);
  if (world.signals.length > 0) parts.push(`under way: ${world.signals.map(({ type }) => type).join(", ")}`);
  return parts.join(" | ");
}
