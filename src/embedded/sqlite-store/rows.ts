// Converts the store port's rows to table rows and back: fields that are searched by are columns, the rest is one JSON
// text. Must never lose a field.
import type { ConversationRow, TurnRow } from "../../ports/store.ts";
import type { Role, StoredChunk } from "../../protocol/chunk.ts";
import { json, number, numberOrNull, type ResultRow, text, textOrNull } from "./columns.ts";

type ConversationFields = Pick<
  ConversationRow,
  "title" | "model" | "reasoningEffort" | "cwd" | "computerId" | "compactedFrom"
>;

export function conversationColumns(row: ConversationRow): Record<string, string | number> {
  const { title, model, reasoningEffort, cwd, computerId, compactedFrom } = row;
  const facts: ConversationFields = { title, model, reasoningEffort, cwd, computerId, compactedFrom };
  return {
    id: row.id,
    createdAt: row.createdAt,
    lastActivityAt: row.lastActivityAt,
    workspaceId: row.workspaceId,
    closed: row.closed ? 1 : 0,
    facts: JSON.stringify(facts),
  };
}

export function conversationOf(row: ResultRow): ConversationRow {
  return {
    id: text(row, "id"),
    createdAt: number(row, "created_at"),
    lastActivityAt: number(row, "last_activity_at"),
    workspaceId: text(row, "workspace_id"),
    closed: number(row, "closed") === 1,
    ...json<ConversationFields>(row, "facts"),
  };
}

type TurnFields = Pick<TurnRow, "model" | "reason" | "durationMs" | "usage" | "contextSize">;

export function turnFields({ model, reason, durationMs, usage, contextSize }: TurnRow): string {
  const facts: TurnFields = { model, reason, durationMs, usage, contextSize };
  return JSON.stringify(facts);
}

export function turnOf(row: ResultRow): TurnRow {
  return {
    turnId: text(row, "turn_id"),
    conversationId: text(row, "conversation_id"),
    startedAt: number(row, "started_at"),
    endedAt: numberOrNull(row, "ended_at"),
    ...json<TurnFields>(row, "facts"),
  };
}

const roles: readonly Role[] = ["system", "user", "assistant", "tool"];

export function chunkOf(row: ResultRow): StoredChunk {
  const role = roles.find((known) => known === row["role"]);
  if (role === undefined) throw new TypeError(`the chunk's role is none of ${roles.join(", ")}`);
  const turnId = textOrNull(row, "turn_id");
  const stored: StoredChunk = { seq: number(row, "seq"), role, chunk: json(row, "chunk") };
  return turnId === null ? stored : { ...stored, turnId };
}
