// A socket's connection, as src/connections/connections.ts, src/connections/actions.ts and
// src/connections/subscriptions.ts implement it: requests are dispatched to the parts that handle them, and everything
// that belongs to the socket is released when it ends.
import type { Effect } from "./chart.ts";
import { ask, isActive, stop, withdraw } from "./conversation.ts";
import { tellGateway } from "./gateway.ts";
import type { Answer, Refused, Stage } from "./stage.ts";
import { emptySocket } from "./state.ts";
import { endWatch, openWatch, tellWatch, turnOver } from "./stream.ts";
import { currentSurface, showTo, unwatchSurface, watchSurface } from "./surface.ts";
import { openTurnOf } from "./turn.ts";
import { close, control } from "./writer.ts";

/** The close code of each cause (protocol 2). */
const closeCodes: Readonly<Record<string, number>> = {
  "connection.close": 1001,
  "socket.stuck": 4001,
  "socket.silent": 4002,
  "socket.flooding": 4003,
  "access.ended": 4502,
  "gateway.draining": 1012,
  "xstate.error.actor.watch": 1011,
};
const causesWithoutCode: ReadonlySet<string> = new Set(["socket.broken", "socket.closed"]);

export function comeIn(stage: Stage, at: number): void {
  const { world } = stage;
  const { charts } = stage.setting;
  const isRoomy = charts.gateway.isIn(world.gateway, "up.service.listening.roomy");
  const isLastPlace = world.sockets.filter(({ chart }) => chart === 0).length === 1;
  const effects = tellGateway(stage, "socket.opened", isLastPlace ? ["isLastPlace"] : []);
  const isTaken = effects.includes("adopt");
  const isTurnedAway = effects.includes("turnAway");
  if (isTaken !== isRoomy || isTurnedAway === isRoomy)
    stage.problem(
      `a socket at the door is ${isTaken ? "" : "not "}taken by a gateway ${charts.gateway.nameOf(world.gateway)}`,
    );
  if (isTaken)
    world.sockets[at] = { ...emptySocket, broadcastsFrom: world.broadcast.made, chart: charts.connection.begin().to };
}

/** The TCP connection is gone. */
export function goAway(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  socket.isEnded = true;
  tellConnection(stage, at, "socket.closed");
  leaveEverything(stage, at);
  if (socket.chart !== 0) stage.problem("a connection whose socket has gone does not end");
  socket.chart = 0;
  stage.forgetSignals((signal) => signal.to !== "surface" && signal.at === at);
  const isLast = stage.world.sockets.every(({ chart }) => chart === 0);
  tellGateway(stage, "socket.gone", isLast ? ["noSocketIsLeft"] : []);
  stage.world.sockets[at] = { ...emptySocket, strays: socket.strays };
}

/** ws is closing the socket by itself. */
export function breakProtocol(stage: Stage, at: number): void {
  stage.socket(at).isEnded = true;
  tellConnection(stage, at, "socket.broken");
}

/** The watch's actor has thrown. Its socket closes, and no other socket is affected. */
export function failWatch(stage: Stage, at: number): void {
  turnOver(stage, at);
  endWatch(stage, at, false);
  tellConnection(stage, at, "xstate.error.actor.watch");
}

export function tellConnection(
  stage: Stage,
  at: number,
  type: string,
  more: { answer?: Outcome["answer"] } = {},
): void {
  const mail = stage.mailOfSockets[at === 0 ? 0 : 1];
  mail.send({ type, ...more }, more.answer === undefined ? type : `${type} ${more.answer}`, (event, name) => {
    const socket = stage.socket(at);
    if (socket.chart === 0) return;
    const isFirstCause = !socket.isEnded || causesWithoutCode.has(name);
    const due = closeCodes[name];
    if (isFirstCause && due !== undefined && socket.closeDue === 0) socket.closeDue = due;
    // A lost watch is not part of this world: no log is shed in it.
    const move = stage.setting.charts.connection.step(socket.chart, event, [false, socket.isAsking], name);
    if (move.unexpected !== undefined) stage.problem(move.unexpected);
    socket.chart = move.isDone ? 0 : move.to;
    for (const effect of move.effects) perform(stage, at, effect);
    if (socket.closeCode !== socket.closeDue)
      stage.problem(`${name} closes with ${socket.closeCode}, and ${socket.closeDue} is due`);
  });
}

function perform(stage: Stage, at: number, { name, params }: Effect): void {
  const hasBoth = (): boolean => stage.socket(at).watch !== undefined || stage.socket(at).surfaceWatch !== undefined;
  switch (name) {
    case "watchSurface":
      watchSurface(stage, at);
      return;
    case "unwatchSurface":
      unwatchSurface(stage, at);
      return;
    case "sendChat":
      tellAnswer(stage, at, sendChat(stage, at));
      return;
    case "watchConversation":
      watchConversation(stage, at);
      return;
    case "unwatchConversation":
      unwatchConversation(stage, at);
      return;
    case "queueText":
      tellAnswer(stage, at, queueText(stage, at));
      return;
    case "answer":
      if (isOutcome(params) && params.answer !== undefined) refuse(stage, at, params.answer);
      return;
    case "cancelQueuedText":
      withdraw(stage);
      return;
    case "cancelTurn":
      stop(stage, "turn.cancel");
      return;
    case "answerPing":
      control(stage, at);
      return;
    case "holdWatches":
      tellWatch(stage, at, "socket.congested");
      return;
    case "releaseWatches":
      if (stage.setting.breakage !== "forgets to catch up") tellWatch(stage, at, "socket.drained");
      return;
    case "updateSurfaces":
      updateSurface(stage, at);
      return;
    case "closeAsAsked":
      close(stage, at, 1001);
      return;
    case "closeSlow":
      close(stage, at, 4001);
      return;
    case "closeSilent":
      close(stage, at, 4002);
      return;
    case "closeFlooding":
      close(stage, at, 4003);
      return;
    case "closeRevoked":
      close(stage, at, 4502);
      return;
    case "closeRestarting":
      close(stage, at, 1012);
      return;
    case "closeDefect":
      close(stage, at, 1011);
      return;
    case "leaveEverything":
      leaveEverything(stage, at);
      if (hasBoth()) stage.problem("a socket that leaves everything still watches");
      return;
    case "cutSocket":
      stage.socket(at).isCut = true;
      return;
    default:
      stage.problem(`the connection's chart asks for ${name}, which the world has not`);
  }
}

function updateSurface(stage: Stage, at: number): void {
  const surface = currentSurface(stage);
  if (stage.socket(at).surfaceWatch && surface) showTo(stage, surface, at);
}

function leaveEverything(stage: Stage, at: number): void {
  unwatchConversation(stage, at);
  unwatchSurface(stage, at);
}

function watchConversation(stage: Stage, at: number): void {
  const socket = stage.socket(at);
  if (socket.watch) return;
  openWatch(stage, at);
}

function unwatchConversation(stage: Stage, at: number): void {
  if (!stage.socket(at).watch) return;
  turnOver(stage, at);
  endWatch(stage, at, true);
  tellConnection(stage, at, "xstate.done.actor.watch");
}

/** The refusal that a request for a turn must get, from its client's point of view; undefined for none. */
function refusalDue(stage: Stage, mayWait: boolean): Refused | undefined {
  const { isDraining, isStoreFailing } = stage.world.conversation;
  const isRunning = openTurnOf(stage) !== undefined;
  if (isRunning && !mayWait) return "turn-running";
  if (isDraining && !isRunning) return "draining";
  return isStoreFailing ? "storage-failed" : undefined;
}

function refuse(stage: Stage, at: number, answer: Answer | "internal"): void {
  const socket = stage.socket(at);
  if (control(stage, at)) socket.refusals = [...socket.refusals, answer];
}

/** What a request that may begin a turn came to. `answer` is its refusal. */
interface Outcome {
  isOpened: boolean;
  answer: Answer | "internal" | undefined;
}

const isOutcome = (value: unknown): value is Pick<Outcome, "answer"> =>
  typeof value === "object" && value !== null && "answer" in value;

/** The answer goes to the connection's own chart, which gives it to the client. */
function tellAnswer(stage: Stage, at: number, { isOpened, answer }: Outcome): void {
  tellConnection(stage, at, isOpened ? "turn.opened" : "turn.notOpened", { answer });
}

function sendChat(stage: Stage, at: number): Outcome {
  const socket = stage.socket(at);
  const due = refusalDue(stage, false);
  if (due) socket.refusalsOwed = [...socket.refusalsOwed, due];
  const before = socket.watch;
  watchConversation(stage, at);
  const withdrawRequest = askForTurn(stage, at);
  const answer = ask(stage, "turn.start");
  socket.asks ||= answer === "started";
  if (answer === "started") return { isOpened: true, answer: undefined };
  withdrawRequest();
  if (!before && answer !== "turn-running") unwatchConversation(stage, at);
  return { isOpened: false, answer: answer ?? "internal" };
}

function queueText(stage: Stage, at: number): Outcome {
  const socket = stage.socket(at);
  const due = refusalDue(stage, true);
  if (due) socket.refusalsOwed = [...socket.refusalsOwed, due];
  const watchesFirst = !socket.watch && !isActive(stage);
  if (watchesFirst) watchConversation(stage, at);
  const hadWatch = socket.watch !== undefined;
  const withdrawRequest = hadWatch ? askForTurn(stage, at) : undefined;
  const answer = ask(stage, "text.queue");
  const isStarted = answer === "started";
  socket.asks ||= isStarted;
  if (!isStarted) withdrawRequest?.();
  if (!isStarted && watchesFirst) unwatchConversation(stage, at);
  if (!isStarted && answer !== "queued") return { isOpened: false, answer: answer ?? "internal" };
  if (isStarted && !hadWatch) watchConversation(stage, at);
  return { isOpened: isStarted && socket.isAsking, answer: undefined };
}

/** The returned function withdraws the request. */
function askForTurn(stage: Stage, at: number): () => void {
  const socket = stage.socket(at);
  if (socket.isAsking) return () => {};
  socket.isAsking = true;
  return () => {
    socket.isAsking = false;
  };
}
