// Executes one write inside the open transaction. Must never begin or end a transaction, nor silently skip a part of a
// write. Units, failures and retries are the writer's concern.
import type { DatabaseSync } from "node:sqlite";
import type { Limits } from "../../limits.ts";
import { placeOf } from "../../ports/idempotency.ts";
import type { Logger } from "../../ports/logger.ts";
import type { ConversationRow, NewChunk, StepRow, Write } from "../../ports/store.ts";
import { objectJson } from "../../protocol/json-cache.ts";
import { json, number } from "./columns.ts";
import { conversationColumns, conversationOf, turnFields } from "./rows.ts";

export type ApplyWrite = (write: Write) => void;

type KeyLimits = Pick<Limits, "idempotencyMs" | "idempotencyKeysMax">;

export function applyWrite(database: DatabaseSync, limits: KeyLimits, logger: Logger): ApplyWrite {
  const sql = (text: string) => database.prepare(text);

  const conversation = sql("SELECT * FROM conversations WHERE id = ?");
  const addConversation = sql(
    `INSERT INTO conversations (id, created_at, last_activity_at, workspace_id, closed, facts)
     VALUES (:id, :createdAt, :lastActivityAt, :workspaceId, :closed, :facts)`,
  );
  const changeConversation = sql(
    `UPDATE conversations SET created_at = :createdAt, last_activity_at = :lastActivityAt, workspace_id = :workspaceId,
       closed = :closed, facts = :facts
     WHERE id = :id`,
  );
  // For the two columns that every turn changes: the JSON column need not be rewritten.
  const touchConversation = sql(
    `UPDATE conversations SET last_activity_at = coalesce(:lastActivityAt, last_activity_at),
       closed = coalesce(:closed, closed)
     WHERE id = :id`,
  );
  const lastSeq = sql("SELECT coalesce(max(seq), 0) AS seq FROM chunks WHERE conversation_id = ?");
  const addChunk = sql(
    "INSERT INTO chunks (conversation_id, seq, role, turn_id, chunk, message_id) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const moveChunks = sql("UPDATE chunks SET conversation_id = :archiveId WHERE conversation_id = :id");
  const addTurn = sql(
    `INSERT INTO turns (turn_id, conversation_id, archived, started_at, ended_at, facts, steps)
     VALUES (?, ?, 0, ?, ?, ?, '[]')`,
  );
  const turn = sql("SELECT * FROM turns WHERE turn_id = ? AND archived = 0");
  const setSteps = sql("UPDATE turns SET steps = ? WHERE turn_id = ? AND archived = 0");
  // Each figure is bound as JSON text: SQLite rounds a bound number to 15 digits when it converts it to text.
  const endTurn = sql(
    `UPDATE turns SET ended_at = :endedAt, facts = json_set(facts, '$.reason', json(:reason),
       '$.end', json(:end), '$.durationMs', json(:durationMs), '$.usage', json(:usage),
       '$.contextSize', json(:contextSize))
     WHERE turn_id = :turnId AND archived = 0`,
  );
  // A running turn is not copied: recovery must find it exactly once.
  const copyTurns = sql(
    `INSERT INTO turns (turn_id, conversation_id, archived, started_at, ended_at, facts, steps)
     SELECT turn_id, :archiveId, 1, started_at, ended_at, facts, steps
     FROM turns WHERE conversation_id = :id AND ended_at IS NOT NULL ORDER BY position`,
  );
  const addPart = sql("INSERT INTO journal (turn_id, part) VALUES (?, ?)");
  const clearJournal = sql("DELETE FROM journal WHERE turn_id = ?");
  const addQueued = sql("INSERT INTO queue (conversation_id, message_id, message) VALUES (?, ?, ?)");
  const nameMessage = sql("INSERT OR IGNORE INTO named_messages (conversation_id, message_id) VALUES (?, ?)");
  const removeQueued = sql("DELETE FROM queue WHERE conversation_id = ? AND message_id = ?");

  const keepAnswer = sql(
    "INSERT OR REPLACE INTO kept_answers (place, digest, answer, kept_at) VALUES (:place, :digest, :answer, :keptAt)",
  );
  const forgetAnswers = sql(
    `DELETE FROM kept_answers WHERE kept_at <= :since
       OR position <= (SELECT max(position) FROM kept_answers) - :most`,
  );

  const findsNothing = (write: Write, id: string): void =>
    logger.warn("store: a write found nothing to change", { kind: write.kind, id });

  function addChunks(conversationId: string, chunks: NewChunk[]): void {
    let seq = number(lastSeq.get(conversationId), "seq");
    for (const { role, chunk, turnId, messageId } of chunks) {
      seq += 1;
      addChunk.run(conversationId, seq, role, turnId ?? null, objectJson(chunk) ?? null, messageId ?? null);
    }
  }

  /** False when there is no such conversation. */
  function patch(id: string, change: Partial<Omit<ConversationRow, "id">>): boolean {
    const { lastActivityAt = null, closed, ...others } = change;
    if (Object.keys(others).length === 0) {
      const flag = closed === undefined ? null : Number(closed);
      return touchConversation.run({ id, lastActivityAt, closed: flag }).changes !== 0;
    }
    const row = conversation.get(id);
    if (!row) return false;
    changeConversation.run(conversationColumns({ ...conversationOf(row), ...change }));
    return true;
  }

  function setStep(turnId: string, step: StepRow): boolean {
    const row = turn.get(turnId);
    if (!row) return false;
    const steps = json<StepRow[]>(row, "steps");
    const at = steps.findIndex(({ stepId }) => stepId === step.stepId);
    if (at < 0) steps.push(step);
    else steps[at] = { ...steps[at], ...step };
    setSteps.run(JSON.stringify(steps), turnId);
    return true;
  }

  return (write) => {
    switch (write.kind) {
      case "conversation":
        // An existing row stays: while writing fails, two writes may create one conversation.
        if (!conversation.get(write.id)) addConversation.run(conversationColumns({ ...write.create, id: write.id }));
        return;
      case "conversation.changed":
        if (!patch(write.id, write.patch)) findsNothing(write, write.id);
        return;
      case "chunks":
        addChunks(write.conversationId, write.chunks);
        return;
      case "turn.began": {
        const { turnId, conversationId, startedAt, endedAt } = write.turn;
        addTurn.run(turnId, conversationId, startedAt, endedAt, turnFields(write.turn));
        return;
      }
      case "turn.journal":
        for (const part of write.parts) addPart.run(write.turnId, JSON.stringify(part));
        return;
      case "turn.journalCleared":
        clearJournal.run(write.turnId);
        return;
      case "turn.step":
        if (!setStep(write.turnId, write.step)) findsNothing(write, write.turnId);
        return;
      case "turn.ended": {
        const { turnId, endedAt } = write;
        const reason = JSON.stringify(write.reason);
        const end = JSON.stringify(write.end);
        const durationMs = JSON.stringify(write.durationMs);
        const usage = JSON.stringify(write.usage);
        const contextSize = JSON.stringify(write.contextSize);
        const { changes } = endTurn.run({ turnId, endedAt, reason, end, durationMs, usage, contextSize });
        if (changes === 0) findsNothing(write, turnId);
        return;
      }
      case "answer.kept": {
        const { request, answer, keptAt } = write;
        const place = placeOf(request.key, request.conversationId);
        keepAnswer.run({ place, digest: request.digest, answer: JSON.stringify(answer), keptAt });
        forgetAnswers.run({ since: keptAt - limits.idempotencyMs, most: limits.idempotencyKeysMax });
        return;
      }
      case "message.named":
        nameMessage.run(write.conversationId, write.messageId);
        return;
      case "queue.added":
        addQueued.run(write.conversationId, write.message.id, JSON.stringify(write.message));
        return;
      case "queue.removed":
        for (const messageId of write.messageIds) removeQueued.run(write.conversationId, messageId);
        return;
      case "conversation.compacted": {
        const archiveId = write.archive.id;
        addConversation.run(conversationColumns(write.archive));
        moveChunks.run({ archiveId, id: write.id });
        copyTurns.run({ archiveId, id: write.id });
        addChunks(write.id, write.chunks);
        if (!patch(write.id, { compactedFrom: archiveId })) findsNothing(write, write.id);
      }
    }
  };
}
