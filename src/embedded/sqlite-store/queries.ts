// Reads committed data with prepared statements. Must never write. Does not see pending writes.
import type { DatabaseSync } from "node:sqlite";
import { placeOf } from "../../ports/idempotency.ts";
import type { Store } from "../../ports/store.ts";
import { json, number, text } from "./columns.ts";
import { chunkOf, conversationOf, turnOf } from "./rows.ts";

/** The reads of a store. */
export type Queries = Omit<Store, "attempt" | "append" | "flush" | "failure" | "close">;

export function committed(database: DatabaseSync): Queries {
  const sql = (source: string) => database.prepare(source);

  const conversation = sql("SELECT * FROM conversations WHERE id = ?");
  // Prefixes are compared as bytes: LIKE has wildcards and ignores case, and text functions stop at a NUL.
  const conversations = sql(
    `SELECT * FROM conversations
     WHERE substr(CAST(id AS BLOB), 1, length(CAST(:prefix AS BLOB))) = CAST(:prefix AS BLOB)
       AND (:workspaceId IS NULL OR workspace_id = :workspaceId)
     ORDER BY last_activity_at DESC, created_at DESC, id`,
  );
  const chunks = sql(
    `SELECT seq, role, turn_id, chunk, message_id FROM chunks WHERE conversation_id = ? AND seq > ? AND seq < ?
     ORDER BY seq DESC LIMIT ?`,
  );
  const latestSeq = sql("SELECT coalesce(max(seq), 0) AS seq FROM chunks WHERE conversation_id = ?");
  const queue = sql("SELECT message FROM queue WHERE conversation_id = ? ORDER BY position");
  const queued = sql("SELECT conversation_id FROM queue GROUP BY conversation_id ORDER BY min(position)");
  const kept = sql("SELECT digest, answer FROM kept_answers WHERE place = ? AND kept_at > ?");
  const named = sql("SELECT 1 FROM named_messages WHERE conversation_id = ? AND message_id = ?");
  const turn = sql("SELECT * FROM turns WHERE turn_id = ? AND archived = 0");
  const turns = sql("SELECT * FROM turns WHERE conversation_id = ? ORDER BY position");
  const models = sql("SELECT turn_id, facts ->> '$.model' AS model FROM turns WHERE conversation_id = ?");
  const lastEnded = sql(
    "SELECT * FROM turns WHERE conversation_id = ? AND ended_at IS NOT NULL ORDER BY position DESC LIMIT 1",
  );
  const unsealed = sql("SELECT * FROM turns WHERE ended_at IS NULL ORDER BY position");
  const journal = sql("SELECT part FROM journal WHERE turn_id = ? ORDER BY position");

  return {
    conversation(id) {
      const row = conversation.get(id);
      return row && conversationOf(row);
    },
    conversations({ q = "", workspaceId } = {}) {
      // A lone surrogate would become another character in UTF-8. No id contains one.
      if (!q.isWellFormed()) return [];
      return conversations.all({ prefix: q, workspaceId: workspaceId ?? null }).map(conversationOf);
    },
    chunks(conversationId, { sinceSeq = 0, beforeSeq = Number.MAX_SAFE_INTEGER, limit = -1 } = {}) {
      return chunks.all(conversationId, sinceSeq, beforeSeq, limit).map(chunkOf).reverse();
    },
    latestSeq: (conversationId) => number(latestSeq.get(conversationId), "seq"),
    queue: (conversationId) => queue.all(conversationId).map((row) => json(row, "message")),
    keptAnswer(key, conversationId, since) {
      const row = kept.get(placeOf(key, conversationId), since);
      return row && { digest: text(row, "digest"), answer: json(row, "answer") };
    },
    isNamedMessage: (conversationId, messageId) => named.get(conversationId, messageId) !== undefined,
    queuedConversations: () => queued.all().map((row) => text(row, "conversation_id")),
    turn(turnId) {
      const row = turn.get(turnId);
      return row && turnOf(row);
    },
    turns: (conversationId) =>
      turns.all(conversationId).map((row) => ({ turn: turnOf(row), steps: json(row, "steps") })),
    modelsOf: (conversationId) =>
      new Map(models.all(conversationId).map((row) => [text(row, "turn_id"), text(row, "model")])),
    lastEndedTurn(conversationId) {
      const row = lastEnded.get(conversationId);
      return row && turnOf(row);
    },
    unsealedTurns: () =>
      unsealed.all().map((row) => ({
        turn: turnOf(row),
        journal: journal.all(text(row, "turn_id")).map((part) => json(part, "part")),
      })),
  };
}
