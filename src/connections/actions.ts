// The actions of the connection chart. Each passes a validated message to its port and the port's answer back to the
// socket. A failing port never makes an action throw.
import type { ConnectionInput, OrchestratorAnswer, TurnAnswer } from "../../machines/connection.ts";
import type { ChatCancel } from "../protocol/chat-cancel.ts";
import type { ChatQueueCancel } from "../protocol/chat-queue-cancel.ts";
import type { ClientMessage } from "../protocol/client-message.ts";
import { type Close, closes } from "../protocol/closes.ts";
import { encodeMessage } from "../protocol/frame.ts";
import { invokeSurface } from "./actions/invoke-surface.ts";
import { queueText } from "./actions/queue-text.ts";
import { type Answer, respond, type TurnOutcome } from "./actions/replies.ts";
import { sendChat } from "./actions/send-chat.ts";
import type { Services } from "./actions/services.ts";
import { subscribeChat } from "./actions/subscribe-chat.ts";
import type { Connection } from "./connection.ts";

/** Gives the answer; undefined when it answers by itself. */
type Run<Message> = (connection: Connection, message: Message, services: Services) => Answer | undefined;
/** Asks for what may begin a turn. */
type Ask<Message> = (connection: Connection, message: Message, services: Services) => TurnOutcome;
type Arguments = { context: ConnectionInput; self: { send(event: OrchestratorAnswer): void } };

const pong = encodeMessage({ type: "pong" });

/** The implementations for `connectionMachine.provide`. */
export function connectionParts(find: (id: string) => Connection | undefined, services: Services) {
  const act =
    (run: (connection: Connection) => void) =>
    ({ context }: Arguments): void => {
      const connection = find(context.connectionId);
      if (connection) run(connection);
    };
  const on =
    <Message extends ClientMessage>(run: Run<Message>) =>
    ({ context }: Arguments, message: Message): void => {
      const connection = find(context.connectionId);
      const answer = connection && run(connection, message, services);
      if (connection && answer) respond(connection, message, answer);
    };
  const ask =
    <Message extends TurnAnswer["request"]>(run: Ask<Message>) =>
    ({ context, self }: Arguments, request: Message): void => {
      const connection = find(context.connectionId);
      if (!connection) return;
      const { isOpened, answer } = run(connection, request, services);
      self.send({ type: isOpened ? "turn.opened" : "turn.notOpened", request, answer });
    };
  const close = (reason: Close) => act((connection) => connection.writer.close(reason));

  return {
    actions: {
      invokeSurface: on(invokeSurface),
      sendChat: ask(sendChat),
      watchConversation: on(subscribeChat),
      queueText: ask(queueText),
      cancelQueuedText: on(cancelQueuedText),
      cancelTurn: on(cancelTurn),
      answerPing: on(answerPing),
      answer: ({ context }: Arguments, { request, answer }: TurnAnswer): void => {
        const connection = find(context.connectionId);
        if (connection && answer) respond(connection, request, answer as Answer);
      },
      updateSurfaces: act((connection) => services.subscriptions.updateSurfaces(connection)),
      closeAsAsked: close(closes.goingAway),
      closeSlow: close(closes.slow),
      closeSilent: close(closes.silent),
      closeFlooding: close(closes.tooManyRequests),
      closeRevoked: close(closes.authorisationEnded),
      closeRestarting: close(closes.restart),
      closeDefect: close(closes.internal),
      cutSocket: act((connection) => connection.writer.cut()),
    },
    guards: {
      hasOwnTurn: ({ context }: Pick<Arguments, "context">): boolean => find(context.connectionId)?.hasOwnTurn === true,
    },
  };
}

function cancelQueuedText(_: Connection, message: ChatQueueCancel, { orchestrator, logger }: Services): Answer {
  const { conversationId, messageId } = message;
  const cancelled = orchestrator.cancelQueuedMessage({ conversationId, messageId });
  logger.info("transport-ws: chat.queue.cancel accepted", { conversationId, messageId, cancelled });
  return { cancelled };
}

/** Stops the running turn, or only the named one. Any socket may, even before the turn's first token (protocol 2). */
function cancelTurn(_: Connection, message: ChatCancel, { orchestrator, feeds }: Services): Answer {
  const { conversationId, turnId } = message;
  // Read before the stop: when the port answers, the turn may be over and its log closed.
  const running = turnId === undefined && message.id === undefined ? undefined : feeds.runningTurnId(conversationId);
  const isMeant = turnId === undefined || running === turnId;
  const cancelled = isMeant && orchestrator.stopTurn(conversationId);
  if (isMeant && !cancelled) feeds.asked(conversationId);
  return { cancelled, ...(cancelled && typeof running === "string" && { turnId: running }) };
}

function answerPing(connection: Connection): Answer {
  connection.writer.control(pong);
  return {};
}
