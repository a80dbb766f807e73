// chat.send: subscribes the sender first, then starts the turn, so that it misses nothing (protocol 1.1).
import { randomUUID } from "node:crypto";
import type { Connection } from "../connection.ts";
import type { TurnRequest } from "../ports/orchestrator.ts";
import type { ChatSend } from "../protocol/chat-send.ts";
import { refusalOf, refuse, succeed } from "./answers.ts";
import type { Services } from "./services.ts";

export function sendChat(connection: Connection, message: ChatSend, services: Services): void {
  const { orchestrator, quota, idempotency, watches, subscriptions, logger } = services;
  const kept = idempotency.recall(message);
  if (kept && "reply" in kept) {
    refuse(connection, message, kept);
    return;
  }
  const conversationId = kept?.conversationId ?? message.conversationId ?? randomUUID();
  const full =
    kept || orchestrator.isActive(conversationId) ? undefined : quota.refusal(connection.identity, conversationId);
  if (full) {
    refuse(connection, message, refusalOf(full, message.conversationId));
    return;
  }
  const before = connection.watches.get(conversationId);
  const watch = before ?? subscriptions.watchConversation(connection, conversationId);
  if (kept) {
    // The first success again, also where its sender may not watch what comes of it: it is told so beside its reply.
    succeed(connection, message, kept);
    if ("reply" in watch) refuse(connection, {}, watch);
    return;
  }
  if ("reply" in watch) {
    refuse(connection, message, watch);
    return;
  }
  const takeBack = watches.ask(watch);
  const outcome = orchestrator.startTurn(turnRequest(conversationId, message, services));
  if (outcome.started) {
    quota.took(connection.identity, conversationId);
    logger.info("transport-ws: chat.send accepted", { conversationId, model: message.model ?? null });
    services.feeds.accepted(conversationId, outcome.turnId);
    const answer = { conversationId, turnId: outcome.turnId };
    idempotency.keep(message, answer);
    succeed(connection, message, answer);
    return;
  }
  // Only who was refused because a turn is running stays subscribed (protocol 1.4); that turn may be its own.
  if (outcome.reason === "already-active") takeBack();
  else watch.tell("turn.refused");
  if (!before && outcome.reason !== "already-active") subscriptions.unwatchConversation(connection, conversationId);
  refuse(connection, message, refusalOf(outcome, message.conversationId));
}

function turnRequest(conversationId: string, message: ChatSend, { idempotency }: Services): TurnRequest {
  const { message: text, model, cwd, reasoningEffort, workspaceId, computerId, images } = message;
  const toKeep = idempotency.toKeep(message);
  return {
    conversationId,
    text,
    ...(model !== undefined && { modelName: model }),
    ...(cwd !== undefined && { cwd }),
    ...(reasoningEffort !== undefined && { reasoningEffort }),
    ...(workspaceId !== undefined && { workspaceId }),
    ...(computerId !== undefined && { computerId }),
    ...(images !== undefined && { images }),
    ...(toKeep && { idempotency: toKeep }),
  };
}
