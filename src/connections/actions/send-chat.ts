// chat.send: subscribes the sender, then starts the turn, so that the sender misses nothing (protocol 1.1).
import { randomUUID } from "node:crypto";
import type { Identity } from "../../ports/authorisation.ts";
import type { TurnRequest } from "../../ports/orchestrator.ts";
import type { ChatSend } from "../../protocol/chat-send.ts";
import { refusals } from "../../protocol/refusals.ts";
import type { Connection } from "../connection.ts";
import { notOpened, refusalOf, respondAccepted, type TurnOutcome } from "./replies.ts";
import type { Services } from "./services.ts";

export function sendChat(connection: Connection, message: ChatSend, services: Services): TurnOutcome {
  const { orchestrator, quota, idempotency, watches, subscriptions, logger } = services;
  const { identity } = connection;
  const kept = idempotency.recall(message, identity);
  if (kept && "reply" in kept) return notOpened(kept);
  const problem = kept && services.authoriser.refusal(identity, "read", { conversationId: kept.conversationId });
  if (problem !== undefined) return notOpened(refusals.forbidden(message.type, problem, {}));
  const conversationId = kept?.conversationId ?? message.conversationId ?? randomUUID();
  if (!kept) services.feeds.asked(conversationId);
  const full = kept || orchestrator.isActive(conversationId) ? undefined : quota.refusal(identity, conversationId);
  if (full) return notOpened(refusalOf(full, message.conversationId));
  const before = connection.watches.get(conversationId);
  const watch = before ?? subscriptions.watchConversation(connection, conversationId);
  if (kept) return notOpened(respondAccepted(connection, message, { ...kept }, watch));
  if ("reply" in watch) return notOpened(watch);
  const withdraw = watches.ask(watch);
  const outcome = orchestrator.startTurn(turnRequest(conversationId, message, identity, services));
  if (outcome.started) {
    quota.took(identity, conversationId);
    connection.writer.beganTurn();
    logger.info("transport-ws: chat.send accepted", { conversationId, model: message.model ?? null });
    services.feeds.accepted(conversationId, outcome.turnId);
    // A host may seal the turn before it within the same call, and with it the request.
    if (services.feeds.runningTurnId(conversationId) === outcome.turnId) watches.ask(watch);
    const answer = { conversationId, turnId: outcome.turnId };
    idempotency.keep(message, identity, answer);
    if (message.conversationId === undefined) services.authoriser.created(identity, conversationId);
    return { isOpened: connection.hasOwnTurn, answer };
  }
  withdraw();
  // After a refusal only already-active keeps the subscription (protocol 1.4).
  if (!before && outcome.reason !== "already-active") subscriptions.unwatchConversation(connection, conversationId);
  return notOpened(refusalOf(outcome, message.conversationId));
}

function turnRequest(
  conversationId: string,
  message: ChatSend,
  identity: Identity,
  { idempotency }: Services,
): TurnRequest {
  const { message: text, model, cwd, reasoningEffort, workspaceId, computerId, images, clientMessageId } = message;
  const toKeep = idempotency.toKeep(message, identity);
  return {
    conversationId,
    text,
    ...(model !== undefined && { modelName: model }),
    ...(cwd !== undefined && { cwd }),
    ...(reasoningEffort !== undefined && { reasoningEffort }),
    ...(workspaceId !== undefined && { workspaceId }),
    ...(computerId !== undefined && { computerId }),
    ...(images !== undefined && { images }),
    ...(clientMessageId !== undefined && { clientMessageId }),
    ...(toKeep && { idempotency: toKeep }),
  };
}
