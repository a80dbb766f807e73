// Rows and writes with default fields for store tests, and a logger that records its lines.
import { type Logger, silentLogger } from "../../src/ports/logger.ts";
import type { ConversationRow, TurnRow, Write } from "../../src/ports/store.ts";
import type { StoredChunk } from "../../src/protocol/chunk.ts";

export function conversationRow(id: string, change: Partial<ConversationRow> = {}): ConversationRow {
  return {
    id,
    createdAt: 1_000,
    lastActivityAt: 1_000,
    title: null,
    workspaceId: "default",
    model: null,
    reasoningEffort: null,
    cwd: null,
    computerId: null,
    closed: false,
    compactedFrom: null,
    ...change,
  };
}

export const created = (id: string, change: Partial<ConversationRow> = {}): Write => ({
  kind: "conversation",
  id,
  create: conversationRow(id, change),
});

export function turnRow(turnId: string, conversationId: string, change: Partial<TurnRow> = {}): TurnRow {
  return {
    turnId,
    conversationId,
    startedAt: 2_000,
    model: "demo/echo",
    endedAt: null,
    reason: null,
    end: null,
    durationMs: null,
    usage: null,
    contextSize: null,
    ...change,
  };
}

export const began = (turnId: string, conversationId: string): Write => ({
  kind: "turn.began",
  turn: turnRow(turnId, conversationId),
});

export const ended = (turnId: string, endedAt = 3_000): Write => ({
  kind: "turn.ended",
  turnId,
  endedAt,
  reason: "stop",
  end: "done",
  durationMs: 1_000,
  usage: { inputTokens: 1, outputTokens: 2 },
  contextSize: 3,
});

/** A `chunks` write of one user text each. */
export const said = (conversationId: string, ...texts: string[]): Write => ({
  kind: "chunks",
  conversationId,
  chunks: texts.map((text) => ({ role: "user", chunk: { type: "text", text } })),
});

/** A write that always fails, because JSON cannot represent it. */
export const impossible = (conversationId: string): Write => ({
  kind: "chunks",
  conversationId,
  chunks: [{ role: "tool", chunk: { type: "tool-call", toolCallId: "call", toolName: "count", input: 1n } }],
});

export const queued = (conversationId: string, id: string, text = id): Write => ({
  kind: "queue.added",
  conversationId,
  message: { id, text, queuedAt: 5_000 },
});

export const texts = (chunks: StoredChunk[]): string[] =>
  chunks.map(({ chunk }) => ("text" in chunk ? chunk.text : chunk.type));

export const seqs = (chunks: StoredChunk[]): number[] => chunks.map(({ seq }) => seq);

/** A logger that records its lines. */
export function rememberingLogger(): { logger: Logger; lines: { level: string; message: string; fields: unknown }[] } {
  const lines: { level: string; message: string; fields: unknown }[] = [];
  const line =
    (level: string) =>
    (message: string, fields: unknown = {}) => {
      lines.push({ level, message, fields });
    };
  return {
    logger: { ...silentLogger, info: line("info"), warn: line("warn"), error: line("error") },
    lines,
  };
}
