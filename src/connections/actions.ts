// The actions of the connection chart. Each passes a validated message to its port and the port's answer back to the
// socket. A failing port never makes an action throw.
import type { ConnectionEvent, ConnectionInput } from "../../machines/connection.ts";
import type { ChatCancel } from "../protocol/chat-cancel.ts";
import type { ChatQueueCancel } from "../protocol/chat-queue-cancel.ts";
import type { ChatUnsubscribe } from "../protocol/chat-unsubscribe.ts";
import type { ClientMessage } from "../protocol/client-message.ts";
import { type Close, closes } from "../protocol/closes.ts";
import { encodeMessage } from "../protocol/frame.ts";
import type { Subscribe } from "../protocol/subscribe.ts";
import type { Unsubscribe } from "../protocol/unsubscribe.ts";
import { surfaceKey } from "../surfaces/surfaces.ts";
import { invokeSurface } from "./actions/invoke-surface.ts";
import { queueText } from "./actions/queue-text.ts";
import { type Answer, respond } from "./actions/replies.ts";
import { sendChat } from "./actions/send-chat.ts";
import type { Services } from "./actions/services.ts";
import { subscribeChat } from "./actions/subscribe-chat.ts";
import type { Connection } from "./connection.ts";

type Run<Message> = (connection: Connection, message: Message, services: Services) => Answer | undefined;
type Arguments = { context: ConnectionInput; event: ConnectionEvent };

const isOf = <Type extends ClientMessage["type"]>(
  event: ConnectionEvent,
  type: Type,
): event is Extract<ClientMessage, { type: Type }> => event.type === type;

const pong = encodeMessage({ type: "pong" });

/** The implementations for `connectionMachine.provide({ actions })`. */
export function connectionActions(find: (id: string) => Connection | undefined, services: Services) {
  const act =
    (run: (connection: Connection) => void) =>
    ({ context }: Arguments): void => {
      const connection = find(context.connectionId);
      if (connection) run(connection);
    };
  /** @param run gives the answer; undefined when it answers by itself. */
  const on =
    <Type extends ClientMessage["type"]>(type: Type, run: Run<Extract<ClientMessage, { type: Type }>>) =>
    ({ context, event }: Arguments): void => {
      const connection = find(context.connectionId);
      if (!connection || !isOf(event, type)) return;
      const answer = run(connection, event, services);
      if (answer) respond(connection, event, answer);
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

function watchSurface(connection: Connection, message: Subscribe, { subscriptions }: Services): Answer {
  return subscriptions.watchSurface(connection, message.surfaceId, message.conversationId) ?? {};
}

function unwatchSurface(connection: Connection, message: Unsubscribe, { subscriptions }: Services): Answer {
  subscriptions.unwatchSurface(connection, surfaceKey(message.surfaceId, message.conversationId));
  return {};
}

function unwatchConversation(connection: Connection, message: ChatUnsubscribe, { subscriptions }: Services): Answer {
  subscriptions.unwatchConversation(connection, message.conversationId);
  return {};
}

function cancelQueuedText(_: Connection, message: ChatQueueCancel, { orchestrator }: Services): Answer {
  const { conversationId, messageId } = message;
  return { cancelled: orchestrator.cancelQueuedMessage({ conversationId, messageId }) };
}

/** Stops the running turn, or only the named one. Any socket may, even before the turn's first token (protocol 2). */
function cancelTurn(_: Connection, message: ChatCancel, { orchestrator, feeds }: Services): Answer {
  const { conversationId, turnId } = message;
  // Read before the stop: when the port answers, the turn may be over and its log closed.
  const running = turnId === undefined && message.id === undefined ? undefined : feeds.runningTurnId(conversationId);
  const isMeant = turnId === undefined || running === turnId;
  const cancelled = isMeant && orchestrator.stopTurn(conversationId);
  return { cancelled, ...(cancelled && typeof running === "string" && { turnId: running }) };
}

function answerPing(connection: Connection): Answer {
  connection.writer.control(pong);
  return {};
}
