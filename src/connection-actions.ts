// What the actions of the connection chart do: each takes a validated message to the port it is for, and the port's
// answer back to the socket. None of them throws for what stands behind a port.
import { randomUUID } from "node:crypto";
import type { ConnectionEvent, ConnectionInput } from "../machines/connection.ts";
import { type Close, closes } from "./closes.ts";
import type { Connection } from "./connection.ts";
import type { Feeds } from "./feeds.ts";
import { encodeMessage } from "./frame.ts";
import type { GuardedOrchestrator } from "./guarded-orchestrator.ts";
import type { Limits } from "./limits.ts";
import type { Logger } from "./ports/logger.ts";
import type { Refused } from "./ports/orchestrator.ts";
import type { ChatCancel } from "./protocol/chat-cancel.ts";
import type { ChatQueue } from "./protocol/chat-queue.ts";
import type { ChatSend } from "./protocol/chat-send.ts";
import type { Invoke } from "./protocol/invoke.ts";
import { chatError, isErrorCode, type Refusal, refusals } from "./refusals.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { type Surfaces, surfaceKey } from "./surfaces.ts";
import type { Watches } from "./watches.ts";

export interface Services {
  orchestrator: GuardedOrchestrator;
  feeds: Feeds;
  surfaces: Surfaces;
  watches: Watches;
  subscriptions: Subscriptions;
  limits: Limits;
  logger: Logger;
}

type Arguments = { context: ConnectionInput; event: ConnectionEvent };

const isOf = <Type extends ConnectionEvent["type"]>(
  event: ConnectionEvent,
  type: Type,
): event is Extract<ConnectionEvent, { type: Type }> => event.type === type;

const refuse = (connection: Connection, { reply }: Refusal): void => connection.outlet.control(encodeMessage(reply));

const pong = encodeMessage({ type: "pong" });

/** The implementations for `connectionMachine.provide({ actions })`. */
export function connectionActions(find: (id: string) => Connection | undefined, services: () => Services) {
  const act =
    (run: (connection: Connection) => void) =>
    ({ context }: Arguments): void => {
      const connection = find(context.connectionId);
      if (connection) run(connection);
    };
  const on =
    <Type extends ConnectionEvent["type"]>(
      type: Type,
      run: (connection: Connection, message: Extract<ConnectionEvent, { type: Type }>, services: Services) => void,
    ) =>
    ({ context, event }: Arguments): void => {
      const connection = find(context.connectionId);
      if (connection && isOf(event, type)) run(connection, event, services());
    };
  const close = (reason: Close) => act((connection) => connection.outlet.close(reason));

  return {
    watchSurface: on("subscribe", (connection, { surfaceId, conversationId }, { subscriptions }) => {
      const refusal = subscriptions.watchSurface(connection, surfaceId, conversationId);
      if (refusal) refuse(connection, refusal);
    }),
    unwatchSurface: on("unsubscribe", (connection, { surfaceId, conversationId }, { subscriptions }) =>
      subscriptions.unwatchSurface(connection, surfaceKey(surfaceId, conversationId)),
    ),
    invokeSurface: on("invoke", invokeSurface),
    sendChat: on("chat.send", sendChat),
    watchConversation: on("chat.subscribe", (connection, { conversationId }, { subscriptions }) => {
      const watch = subscriptions.watchConversation(connection, conversationId);
      if ("reply" in watch) refuse(connection, watch);
    }),
    unwatchConversation: on("chat.unsubscribe", (connection, { conversationId }, { subscriptions }) =>
      subscriptions.unwatchConversation(connection, conversationId),
    ),
    queueText: on("chat.queue", queueText),
    cancelQueuedText: on("chat.queue.cancel", (_connection, { conversationId, messageId }, { orchestrator }) => {
      orchestrator.cancelQueuedMessage({ conversationId, messageId });
    }),
    cancelTurn: on("chat.cancel", cancelTurn),
    answerPing: act((connection) => connection.outlet.control(pong)),
    holdBack: act((connection) => services().subscriptions.holdBack(connection)),
    catchUp: act((connection) => services().subscriptions.catchUp(connection)),
    closeAsAsked: close(closes.goingAway),
    closeSlow: close(closes.slow),
    closeSilent: close(closes.silent),
    closeRestarting: close(closes.restart),
    closeDefect: close(closes.internal),
    leaveEverything: act((connection) => services().subscriptions.leaveEverything(connection)),
    cutSocket: act((connection) => connection.outlet.cut()),
  };
}

function invokeSurface(connection: Connection, message: Invoke, { surfaces, limits, logger }: Services): void {
  const { surfaceId, actionId, conversationId } = message;
  const provider = surfaces.find(surfaceId);
  if (!provider) {
    refuse(connection, refusals.unknownSurface(surfaceId, conversationId));
    return;
  }
  if (connection.invokes >= limits.invokesPerSocketMax) {
    const text = `${connection.invokes} actions of this socket have not settled yet, the most there may be: try later`;
    refuse(connection, refusals.tooMany(text, surfaceId, conversationId));
    return;
  }
  connection.invokes++;
  surfaces.invoke(provider, message, (reason) => {
    connection.invokes--;
    if (reason === undefined) return;
    logger.warn("transport-ws: surface-op error", { surfaceId, actionId, reason });
    refuse(connection, refusals.surfaceFailed(surfaceId, reason, conversationId));
  });
}

/** Subscribes the sender first, then starts the turn: it misses nothing (protocol 1.1). */
function sendChat(connection: Connection, message: ChatSend, services: Services): void {
  const { orchestrator, watches, subscriptions, logger } = services;
  const { message: text, model, cwd, reasoningEffort, workspaceId, computerId, images } = message;
  const conversationId = message.conversationId ?? randomUUID();
  const before = connection.watches.get(conversationId);
  const watch = before ?? subscriptions.watchConversation(connection, conversationId);
  if ("reply" in watch) {
    refuse(connection, watch);
    return;
  }
  const takeBack = watches.ask(watch);
  const outcome = orchestrator.startTurn({
    conversationId,
    text,
    ...(model !== undefined && { modelName: model }),
    ...(cwd !== undefined && { cwd }),
    ...(reasoningEffort !== undefined && { reasoningEffort }),
    ...(workspaceId !== undefined && { workspaceId }),
    ...(computerId !== undefined && { computerId }),
    ...(images !== undefined && { images }),
  });
  if (outcome.started) {
    logger.info("transport-ws: chat.send accepted", { conversationId, model: model ?? null });
    return;
  }
  // Only who was refused because a turn is running stays subscribed (protocol 1.4); that turn may be its own.
  if (outcome.reason === "already-active") takeBack();
  else watches.tell(watch, "turn.refused");
  if (!before && outcome.reason !== "already-active") subscriptions.unwatchConversation(connection, conversationId);
  refuse(connection, refusalOf(outcome, message.conversationId));
}

/** Steering: the sender is subscribed when the text starts a turn, and hears nothing when it waits (protocol 1.1). */
function queueText(connection: Connection, message: ChatQueue, services: Services): void {
  const { orchestrator, watches, subscriptions, logger } = services;
  const { conversationId, text, workspaceId } = message;
  const before = connection.watches.get(conversationId);
  // Where no turn runs it will start one, and its sender is to miss nothing of it.
  const watchesFirst = !before && !orchestrator.isActive(conversationId);
  const watch = watchesFirst ? subscriptions.watchConversation(connection, conversationId) : before;
  if (watch && "reply" in watch) {
    refuse(connection, watch);
    return;
  }
  const takeBack = watch && watches.ask(watch);
  const outcome = orchestrator.enqueue({ conversationId, text, ...(workspaceId !== undefined && { workspaceId }) });
  const startedTurn = "startedTurn" in outcome && outcome.startedTurn;
  if (!startedTurn) takeBack?.();
  if (!startedTurn && watchesFirst) subscriptions.unwatchConversation(connection, conversationId);
  if ("reason" in outcome) {
    refuse(connection, refusalOf(outcome, conversationId));
    return;
  }
  logger.info("transport-ws: chat.queue accepted", { conversationId, startedTurn });
  if (!startedTurn || watch) return;
  const late = subscriptions.watchConversation(connection, conversationId);
  if ("reply" in late) refuse(connection, late);
}

/** Stops the running turn, or only the one named; from any socket, also before its first token (protocol 2). */
function cancelTurn(_connection: Connection, message: ChatCancel, { orchestrator, feeds }: Services): void {
  const { conversationId, turnId } = message;
  if (turnId === undefined || feeds.runningTurnId(conversationId) === turnId) orchestrator.stopTurn(conversationId);
}

/** The port's word as a refusal of the contract. */
function refusalOf({ reason, message }: Refused, conversationId: string | undefined): Refusal {
  if (reason === "already-active") return refusals.turnRunning(conversationId);
  const code = isErrorCode(reason) ? reason : "internal";
  return chatError(code, message ?? `the turn was refused: ${reason}`, conversationId);
}
