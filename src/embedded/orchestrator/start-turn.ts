// Opens a turn: stores its row and its question, including the queued texts, as one unit before the turn is accepted.
// Must change nothing when it refuses.
import { randomUUID } from "node:crypto";
import type { KeptAnswer, KeyedRequest } from "../../ports/idempotency.ts";
import type { Refused, TurnRequest } from "../../ports/orchestrator.ts";
import { type ConversationRow, type NewChunk, type Store, StoreError, type Write } from "../../ports/store.ts";
import type { Services } from "./context.ts";
import { joinTexts, type MessageQueue } from "./message-queue.ts";
import { agentMessagesOf } from "./messages.ts";
import { titleOf } from "./title.ts";
import type { Turn } from "./turn-runner.ts";

export const defaultWorkspaceId = "default";

export const refused = (reason: string, message: string): Refused => ({ started: false, reason, message });

export const storageFailed = (error: unknown): Refused => {
  if (!(error instanceof StoreError)) throw error;
  return refused("storage-failed", `this could not be stored: ${error.message}`);
};

/** The row of a conversation that has only an id so far. */
export const newConversation = (
  id: string,
  now: number,
  workspaceId: string = defaultWorkspaceId,
): ConversationRow => ({
  id,
  createdAt: now,
  lastActivityAt: now,
  title: null,
  workspaceId,
  model: null,
  reasoningEffort: null,
  cwd: null,
  computerId: null,
  closed: false,
  compactedFrom: null,
});

/** Stores the answer with the work that it names, so that repeating the keyed request starts nothing again. */
export function keptAnswer(request: KeyedRequest | undefined, outcome: KeptAnswer, now: number): Write[] {
  if (!request) return [];
  const { conversationId, ...rest } = outcome;
  const startedTurn = request.type === "chat.queue" && { startedTurn: outcome.turnId !== undefined };
  return [{ kind: "answer.kept", request, answer: { conversationId, ...startedTurn, ...rest }, keptAt: now }];
}

/** A client's id names one text of a conversation, so that the client can find it again. @throws StoreError */
export function reusedMessageId(
  store: Store,
  conversationId: string,
  texts: MessageQueue,
  id: string | undefined,
): Refused | undefined {
  if (id === undefined || !(texts.knows(id) || store.isNamedMessage(conversationId, id))) return undefined;
  return refused("invalid-message", "`clientMessageId` was used before in this conversation: take a new one");
}

/** Stored with the text, so that the id stays used after a crash. */
export const namedMessage = (conversationId: string, messageId: string | undefined): Write[] =>
  messageId === undefined ? [] : [{ kind: "message.named", conversationId, messageId }];

/** The question is the queued texts followed by the request's text. Without a request it is the queued texts alone. */
export function openTurn(
  services: Services,
  conversationId: string,
  texts: MessageQueue,
  request: TurnRequest | undefined,
): Turn | Refused {
  try {
    return services.refusal(conversationId) ?? attemptTurn(services, conversationId, texts, request);
  } catch (error) {
    return storageFailed(error);
  }
}

function attemptTurn(
  { store, models, clock }: Services,
  conversationId: string,
  texts: MessageQueue,
  request: TurnRequest | undefined,
): Turn | Refused {
  const named = request?.clientMessageId;
  const reused = reusedMessageId(store, conversationId, texts, named);
  if (reused) return reused;
  const row = store.conversation(conversationId);
  const modelName = request?.modelName ?? row?.model ?? models.defaultModel;
  const model = models.resolve(modelName);
  if (!model) return refused("unknown-model", models.unknown(modelName));

  const waiting = texts.list();
  const text = joinTexts([...waiting.map((message) => message.text), ...(request ? [request.text] : [])]);
  const turnId = randomUUID();
  const now = clock.wall();
  const queuedIds = waiting.map((message) => message.id);
  const isNamed = named !== undefined || queuedIds.some((id) => store.isNamedMessage(conversationId, id));
  const messageIds = isNamed ? [...queuedIds, ...(request ? [named ?? randomUUID()] : [])] : [];
  const [messageId] = messageIds;
  const question: NewChunk[] = [{ role: "user", chunk: { type: "text", text }, turnId, messageId }];
  for (const { url, mimeType } of request?.images ?? []) {
    const chunk = { type: "image" as const, url, ...(mimeType !== undefined && { mimeType }) };
    question.push({ role: "user", chunk, turnId, messageId });
  }
  // Read before the write: nothing may fail after the unit is committed.
  const latestSeq = store.latestSeq(conversationId);
  const fields = {
    lastActivityAt: now,
    closed: false,
    ...(request?.modelName !== undefined && request.modelName !== row?.model && { model: request.modelName }),
    ...(request?.cwd !== undefined && { cwd: request.cwd }),
    ...(request?.computerId !== undefined && { computerId: request.computerId }),
    ...(row?.title == null && latestSeq === 0 && { title: titleOf(text) }),
  };
  const writes: Write[] = [
    row
      ? { kind: "conversation.changed", id: conversationId, patch: fields }
      : {
          kind: "conversation",
          id: conversationId,
          create: { ...newConversation(conversationId, now, request?.workspaceId), ...fields },
        },
  ];
  if (waiting.length > 0)
    writes.push({ kind: "queue.removed", conversationId, messageIds: waiting.map((message) => message.id) });
  const unended = { endedAt: null, reason: null, end: null, durationMs: null, usage: null, contextSize: null };
  writes.push(
    { kind: "turn.began", turn: { turnId, conversationId, startedAt: now, model: modelName, ...unended } },
    { kind: "chunks", conversationId, chunks: question },
    ...namedMessage(conversationId, named),
    ...keptAnswer(request?.idempotency, { conversationId, turnId }, now),
  );
  store.attempt(writes);
  for (const { id } of waiting) texts.remove(id);
  return {
    conversationId,
    turnId,
    text,
    messageIds,
    model,
    messages() {
      const before = store.chunks(conversationId, { beforeSeq: latestSeq + 1 });
      const models = store.modelsOf(conversationId);
      return agentMessagesOf([...before, ...question], (id) => models.get(id));
    },
    reasoningEffort: request?.reasoningEffort ?? row?.reasoningEffort ?? undefined,
    cwd: request?.cwd ?? row?.cwd ?? undefined,
  };
}
