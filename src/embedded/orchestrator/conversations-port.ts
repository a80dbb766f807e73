// The conversations port, which the HTTP API uses: reads and changes the store and the live conversations. Must never
// report a stored status while there is a live one.
import type { ConversationSummary, Conversations, TurnMetrics } from "../../ports/conversations.ts";
import { type ConversationRow, type Store, StoreError } from "../../ports/store.ts";
import type { ConversationStatus } from "../../protocol/broadcast.ts";
import type { Services } from "./context.ts";
import type { LiveConversations } from "./live-conversations.ts";
import { newConversation } from "./start-turn.ts";

export function conversationsPort(services: Services, live: LiveConversations): Required<Conversations> {
  const { store, models, clock, settleQueue, broadcast, changed } = services;
  const statusOf = (row: ConversationRow): ConversationStatus =>
    live.get(row.id)?.status ?? (row.closed ? "closed" : "idle");

  const summaryOf = (row: ConversationRow): ConversationSummary => ({
    id: row.id,
    createdAt: row.createdAt,
    lastActivityAt: row.lastActivityAt,
    title: row.title,
    status: statusOf(row),
    workspaceId: row.workspaceId,
    ...(row.compactedFrom !== null && { compactedFrom: row.compactedFrom }),
  });

  return {
    models: () => models.catalog(),
    list: (selection) => store.conversations(selection).map(summaryOf),
    history(conversationId, selection) {
      const chunks = store.chunks(conversationId, selection);
      return { chunks, latestSeq: chunks.at(-1)?.seq ?? selection.sinceSeq ?? 0 };
    },
    metrics: (conversationId) =>
      store.turns(conversationId).map(
        ({ turn, steps }): TurnMetrics => ({
          turnId: turn.turnId,
          ...(turn.reason !== null && { reason: turn.reason }),
          usage: turn.usage,
          ...(turn.durationMs !== null && { durationMs: turn.durationMs }),
          steps,
          ...(turn.contextSize !== null && { contextSize: turn.contextSize }),
        }),
      ),
    status(conversationId) {
      const row = store.conversation(conversationId);
      return row ? statusOf(row) : (live.get(conversationId)?.status ?? "idle");
    },
    lastAnswer: (conversationId) =>
      store.conversation(conversationId) ? lastAnswer(store, conversationId) : undefined,
    queue: (conversationId) => live.get(conversationId)?.work.texts.list() ?? store.queue(conversationId),
    open(conversationId) {
      const workspaceId = store.conversation(conversationId)?.workspaceId;
      if (workspaceId === undefined) return false;
      settleQueue.around(() => broadcast({ type: "conversation.open", conversationId, workspaceId }));
      return true;
    },
    async compact(conversationId) {
      if (!store.conversation(conversationId))
        return { code: "not-found", message: `there is no conversation ${conversationId}` };
      if (services.isDraining())
        return { code: "draining", message: "the server is about to stop and starts no compaction" };
      return live.use(conversationId, (conversation) => conversation.compact());
    },
    settings(conversationId) {
      const row = store.conversation(conversationId);
      return { title: row?.title ?? null, model: row?.model ?? null, reasoningEffort: row?.reasoningEffort ?? null };
    },
    configure(id, patch) {
      const { model } = patch;
      if (typeof model === "string" && !models.resolve(model))
        return { code: "unknown-model", message: models.unknown(model) };
      const create = { ...newConversation(id, clock.wall()), ...patch };
      const known = store.conversation(id) !== undefined;
      try {
        store.attempt([known ? { kind: "conversation.changed", id, patch } : { kind: "conversation", id, create }]);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        return { code: "storage-failed", message: `this could not be stored: ${error.message}` };
      }
      settleQueue.around(() => changed({ what: "settings", conversationId: id }));
      return undefined;
    },
  };
}

const pageOfChunks = 200;

/** The text of the newest turn that has any, as it was streamed. Read from the end, because a history may be long. */
function lastAnswer(store: Store, conversationId: string): { content: string; turnId?: string } {
  let turnId: string | undefined;
  let content = "";
  let beforeSeq: number | undefined;
  for (;;) {
    const page = store.chunks(conversationId, { beforeSeq, limit: pageOfChunks });
    for (const { role, chunk, turnId: owner } of page.reverse()) {
      if (role !== "assistant" || chunk.type !== "text" || owner === undefined) continue;
      turnId ??= owner;
      if (owner !== turnId) return { content, turnId };
      content = chunk.text + content;
    }
    const oldest = page.at(-1);
    if (!oldest || oldest.seq === 1) return turnId === undefined ? { content } : { content, turnId };
    beforeSeq = oldest.seq;
  }
}
