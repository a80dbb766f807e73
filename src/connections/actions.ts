// The actions of the connection chart. Each passes a validated message to its port and the port's answer back to the
// socket. A failing port never makes an action throw.
import type { ConnectionEvent, ConnectionInput } from "../../machines/connection.ts";
import type { ChatCancel } from "../protocol/chat-cancel.ts";
import type { ChatQueueCancel } from "../protocol/chat-queue-cancel.ts";
import type { ChatUnsubscribe } from "../protocol/chat-unsubscribe.ts";
import { type Close, closes } from "../protocol/closes.ts";
import { encodeMessage } from "../protocol/frame.ts";
import type { Subscribe } from "../protocol/subscribe.ts";
import type { Unsubscribe } from "../protocol/unsubscribe.ts";
import { surfaceKey } from "../surfaces/surfaces.ts";
import { invokeSurface } from "./actions/invoke-surface.ts";
import { queueText } from "./actions/queue-text.ts";
import { type Paired, refuse, succeed } from "./actions/replies.ts";
import { sendChat } from "./actions/send-chat.ts";
import type { Services } from "./actions/services.ts";
import { subscribeChat } from "./actions/subscribe-chat.ts";
import type { Connection } from "./connection.ts";

type Arguments = { context: ConnectionInput; event: ConnectionEvent };

const isOf = <Type extends ConnectionEvent["type"]>(
  event: ConnectionEvent,
  type: Type,
): event is Extract<ConnectionEvent, { type: Type }> => event.type === type;

const pong = encodeMessage({ type: "pong" });

/** The implementations for `connectionMachine.provide({ actions })`. */
export function connectionActions(find: (id: string) => Connection | undefined, services: Services) {
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
      if (connection && isOf(event, type)) run(connection, event, services);
    };
  const close = (reason: Close) => act((connection) => connection.writer.close(reason));

  return {
    watchSurface: on("subscribe", watchSurface),
    unwatchSurface: on("unsubscribe", unwatchSurface),
    invokeSurface: on("invoke", invokeSurface),
    sendChat: on("chat.send", sendChat),
    watchConversation: on("chat.subscribe", subscribeChat),
    unwatchConversation: on("chat.unsubscribe", unwatchConversation),
    queueText: on("chat.queue", queueText),
    cancelQueuedText: on("chat.queue.cancel", cancelQueuedText),
    cancelTurn: on("chat.cancel", cancelTurn),
    answerPing: on("ping", answerPing),
    holdBack: act((connection) => services.subscriptions.holdBack(connection)),
    catchUp: act((connection) => services.subscriptions.catchUp(connection)),
    closeAsAsked: close(closes.goingAway),
    closeSlow: close(closes.slow),
    closeSilent: close(closes.silent),
    closeFlooding: close(closes.tooManyRequests),
    closeRevoked: close(closes.authorisationEnded),
    closeRestarting: close(closes.restart),
    closeDefect: close(closes.internal),
    leaveEverything: act((connection) => services.subscriptions.leaveEverything(connection)),
    cutSocket: act((connection) => connection.writer.cut()),
  };
}

function watchSurface(connection: Connection, message: Subscribe, { subscriptions }: Services): void {
  const refusal = subscriptions.watchSurface(connection, message.surfaceId, message.conversationId);
  if (refusal) refuse(connection, message, refusal);
  else succeed(connection, message);
}

function unwatchSurface(connection: Connection, message: Unsubscribe, { subscriptions }: Services): void {
  subscriptions.unwatchSurface(connection, surfaceKey(message.surfaceId, message.conversationId));
  succeed(connection, message);
}

function unwatchConversation(connection: Connection, message: ChatUnsubscribe, { subscriptions }: Services): void {
  subscriptions.unwatchConversation(connection, message.conversationId);
  succeed(connection, message);
}

function cancelQueuedText(connection: Connection, message: ChatQueueCancel, { orchestrator }: Services): void {
  const { conversationId, messageId } = message;
  succeed(connection, message, { cancelled: orchestrator.cancelQueuedMessage({ conversationId, messageId }) });
}

/** Stops the running turn, or only the named one. Any socket may, even before the turn's first token (protocol 2). */
function cancelTurn(connection: Connection, message: ChatCancel, { orchestrator, feeds }: Services): void {
  const { conversationId, turnId } = message;
  // Read before the stop: when the port answers, the turn may be over and its log closed.
  const running = turnId === undefined && message.id === undefined ? undefined : feeds.runningTurnId(conversationId);
  const isMeant = turnId === undefined || running === turnId;
  const cancelled = isMeant && orchestrator.stopTurn(conversationId);
  succeed(connection, message, { cancelled, ...(cancelled && typeof running === "string" && { turnId: running }) });
}

function answerPing(connection: Connection, message: Paired): void {
  connection.writer.control(pong);
  succeed(connection, message);
}
