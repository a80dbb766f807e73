// Converts the store port's rows to table rows and back: fields that are searched by are columns, the rest is one JSON
// text. Must never lose a field.
import type { ConversationRow, TurnRow } from "../../ports/store.ts";
import type { Role, StoredChunk } from "../../protocol/chunk.ts";
import { json, number, numberOrNull, type ResultRow, text, textOrNull } from "./columns.ts";

export function conversationColumns(row: ConversationRow): Record<string, string | number> {
  const { id, createdAt, lastActivityAt, workspaceId, closed, ...facts } = row;
  return { id, createdAt, lastActivityAt, workspaceId, closed: Number(closed), facts: JSON.stringify(facts) };
}

export function conversationOf(row: ResultRow): ConversationRow {
  return {
    id: text(row, "id"),
    createdAt: number(row, "created_at"),
    lastActivityAt: number(row, "last_activity_at"),
    workspaceId: text(row, "workspace_id"),
    closed: number(row, "closed") === 1,
    ...json<Omit<ConversationRow, "id" | "createdAt" | "lastActivityAt" | "workspaceId" | "closed">>(row, "facts"),
  };
}

export function turnFields({ turnId, conversationId, startedAt, endedAt, ...facts }: TurnRow): string {
  return JSON.stringify(facts);
}

export function turnOf(row: ResultRow): TurnRow {
  return {
    turnId: text(row, "turn_id"),
    conversationId: text(row, "conversation_id"),
    startedAt: number(row, "started_at"),
    endedAt: numberOrNull(row, "ended_at"),
    ...withEnd(json(row, "facts")),
  };
}

type TurnFacts = Omit<TurnRow, "turnId" | "conversationId" | "startedAt" | "endedAt">;

/** A turn that an older version stored has no `end`. */
const withEnd = (facts: Omit<TurnFacts, "end"> & Partial<TurnFacts>): TurnFacts => ({ end: null, ...facts });

const roles: readonly Role[] = ["system", "user", "assistant", "tool"];

export function chunkOf(row: ResultRow): StoredChunk {
  const role = roles.find((known) => known === row["role"]);
  if (role === undefined) throw new TypeError(`the chunk's role is none of ${roles.join(", ")}`);
  const turnId = textOrNull(row, "turn_id");
  const stored: StoredChunk = { seq: number(row, "seq"), role, chunk: json(row, "chunk") };
  const messageId = textOrNull(row, "message_id");
  return { ...stored, ...(turnId !== null && { turnId }), ...(messageId !== null && { messageId }) };
}
