// chat.queue: steering. When the text starts a turn, its sender is subscribed. When the text waits, the sender gets
// only its reply (protocol 1.1).
import type { ChatQueue } from "../../protocol/chat-queue.ts";
import type { Connection } from "../connection.ts";
import { notOpened, refusalOf, respondAccepted, type TurnOutcome } from "./replies.ts";
import type { Services } from "./services.ts";

export function queueText(connection: Connection, message: ChatQueue, services: Services): TurnOutcome {
  const { orchestrator, quota, idempotency, watches, subscriptions, logger } = services;
  const { conversationId, text, workspaceId, clientMessageId } = message;
  const kept = idempotency.recall(message, connection.identity);
  if (kept && "reply" in kept) return notOpened(kept);
  if (kept) {
    // Repeats the first success and its subscription.
    const watch = kept.startedTurn && subscriptions.watchConversation(connection, kept.conversationId);
    return notOpened(respondAccepted(connection, message, { ...kept }, watch || undefined));
  }
  services.feeds.asked(conversationId);
  const before = connection.watches.get(conversationId);
  const isActive = orchestrator.isActive(conversationId);
  const full = isActive ? undefined : quota.refusal(connection.identity, conversationId);
  if (full) return notOpened(refusalOf(full, conversationId));
  // When no turn runs, the text will start one. Subscribe first so that the sender misses nothing.
  const watchesFirst = !before && !isActive;
  const watch = watchesFirst ? subscriptions.watchConversation(connection, conversationId) : before;
  if (watch && "reply" in watch) return notOpened(watch);
  const withdraw = watch && watches.ask(watch);
  const toKeep = idempotency.toKeep(message, connection.identity);
  const outcome = orchestrator.enqueue({
    conversationId,
    text,
    ...(workspaceId !== undefined && { workspaceId }),
    ...(clientMessageId !== undefined && { clientMessageId }),
    ...(toKeep && { idempotency: toKeep }),
  });
  const startedTurn = "startedTurn" in outcome && outcome.startedTurn;
  if (startedTurn) quota.took(connection.identity, conversationId);
  else withdraw?.();
  if (!startedTurn && watchesFirst) subscriptions.unwatchConversation(connection, conversationId);
  if ("reason" in outcome) return notOpened(refusalOf(outcome, conversationId));
  connection.writer.beganTurn();
  logger.info("transport-ws: chat.queue accepted", { conversationId, startedTurn });
  const late = startedTurn && !watch ? subscriptions.watchConversation(connection, conversationId) : undefined;
  const { messageId } = outcome;
  const turnId = startedTurn ? (outcome.turnId ?? turnOf(services, conversationId)) : undefined;
  if (turnId !== undefined) {
    services.feeds.accepted(conversationId, turnId);
    const its = watch ?? late;
    if (its && !("reply" in its) && services.feeds.runningTurnId(conversationId) === turnId) watches.ask(its);
  }
  const answer = {
    conversationId,
    startedTurn,
    ...(turnId !== undefined && { turnId }),
    ...(!startedTurn && messageId !== undefined && { messageId }),
  };
  idempotency.keep(message, connection.identity, answer);
  return { isOpened: startedTurn && connection.hasOwnTurn, answer: respondAccepted(connection, message, answer, late) };
}

/** The running turn's id, for a host that does not return the id of the turn it started. */
function turnOf({ feeds }: Services, conversationId: string): string | undefined {
  const turnId = feeds.runningTurnId(conversationId);
  return typeof turnId === "string" ? turnId : undefined;
}
