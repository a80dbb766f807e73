// The store port: the data that outlives the process. All methods are synchronous. Every write is a record from a
// closed set, so that any database can implement it and a test can inspect it.
import type { ReasoningEffort } from "../protocol/chat-send.ts";
import type { Chunk, Role, StoredChunk } from "../protocol/chunk.ts";
import type { DoneReason, Usage } from "../protocol/turn-event.ts";
import type { KeptAnswer, KeyedRequest } from "./idempotency.ts";
import type { QueuedMessage } from "./orchestrator.ts";

/** A stored conversation. Times are milliseconds since the epoch. */
export interface ConversationRow {
  id: string;
  createdAt: number;
  lastActivityAt: number;
  title: string | null;
  workspaceId: string;
  model: string | null;
  reasoningEffort: ReasoningEffort | null;
  cwd: string | null;
  computerId: string | null;
  closed: boolean;
  compactedFrom: string | null;
}

export interface TurnRow {
  turnId: string;
  conversationId: string;
  startedAt: number;
  model: string;
  /** null while it runs. */
  endedAt: number | null;
  reason: DoneReason | null;
  /**
   * How it ended: the final state of its chart, or `crashed` for a turn that the process did not survive. null also for
   * turns stored by a version that did not keep it.
   */
  end: string | null;
  durationMs: number | null;
  usage: Usage | null;
  contextSize: number | null;
}

/** One step's figures, as GET /conversations/:id/metrics shows them. */
export interface StepRow {
  stepId: string;
  usage?: Usage;
  ttftMs?: number;
  decodeMs?: number;
  genTotalMs?: number;
}

/** A chunk before it is in the history; the store assigns its seq. */
export interface NewChunk {
  role: Role;
  chunk: Chunk;
  turnId?: string | undefined;
  /** Of a user's text: the id that its client gave it. */
  messageId?: string | undefined;
}

/**
 * One part of a running turn that is not in the history yet. Adjacent parts of kind text, or of kind thinking, belong
 * to one chunk; recovery joins their texts.
 */
export type JournalPart = { kind: "text" | "thinking"; text: string } | { kind: "chunk"; role: Role; chunk: Chunk };

export type Write =
  /** Creates the conversation. An existing one stays unchanged. */
  | { kind: "conversation"; id: string; create: ConversationRow }
  /** Overwrites the fields in patch. Does nothing for an unknown conversation. */
  | { kind: "conversation.changed"; id: string; patch: Partial<Omit<ConversationRow, "id">> }
  | { kind: "chunks"; conversationId: string; chunks: NewChunk[] }
  | { kind: "turn.began"; turn: TurnRow }
  | { kind: "turn.journal"; turnId: string; parts: JournalPart[] }
  /** Deletes the turn's journal. Its content is in the same unit, as a `chunks` write. */
  | { kind: "turn.journalCleared"; turnId: string }
  /** Adds a step, or adds these fields to the step with this id. */
  | { kind: "turn.step"; turnId: string; step: StepRow }
  /** Ends the turn, which is sealed when the unit is committed. */
  | {
      kind: "turn.ended";
      turnId: string;
      endedAt: number;
      reason: DoneReason;
      end: string;
      durationMs: number | null;
      usage: Usage | null;
      contextSize: number | null;
    }
  /**
   * Replaces the answer under this key. Deletes answers older than limits.idempotencyMs or beyond idempotencyKeysMax.
   */
  | { kind: "answer.kept"; request: KeyedRequest; answer: KeptAnswer; keptAt: number }
  /** A client has named a text: the id is used in this conversation from now on, also when the text is withdrawn. */
  | { kind: "message.named"; conversationId: string; messageId: string }
  | { kind: "queue.added"; conversationId: string; message: QueuedMessage }
  | { kind: "queue.removed"; conversationId: string; messageIds: string[] }
  /**
   * Creates the archive conversation, moves the whole history there with its old seqs, and replaces it by these chunks,
   * numbered from 1. Ended turns and their steps are copied to the archive; the queue stays. The conversation's
   * compactedFrom becomes the archive's id. An archive that already exists is a defect.
   */
  | { kind: "conversation.compacted"; id: string; archive: ConversationRow; chunks: NewChunk[] };

/** A unit of writes failed: the disk is full, or the file is damaged or read-only. The message is for a person. */
export class StoreError extends Error {
  override name = "StoreError";
}

/** The store could not be opened. The message is one sentence that names the directory and the remedy. */
export class StoreOpenError extends Error {
  override name = "StoreOpenError";
}

export interface HistorySelection {
  sinceSeq?: number | undefined;
  beforeSeq?: number | undefined;
  limit?: number | undefined;
}

export interface ConversationSelection {
  /** Prefix of the id. */
  q?: string | undefined;
  workspaceId?: string | undefined;
}

export interface Store {
  /**
   * Commits these writes as one unit now, after all pending ones. On failure none of them is kept. While the store
   * fails, this may throw without an attempt. @throws StoreError
   */
  attempt(writes: Write[]): void;
  /**
   * Adds these writes as one unit to the transaction of this tick. The caller must not change a write afterwards. They
   * are never lost: writes that cannot be committed are kept in order and tried again with the next flush. A unit that
   * can never succeed, whatever the disk (a turn that begins twice, a value that JSON cannot represent), becomes a dead
   * letter and is logged as an error.
   */
  append(writes: Write[]): void;
  /** Commits all pending writes now. Returns false on failure; `failure` has the reason. */
  flush(): boolean;
  /** Why the last commit failed; undefined while commits succeed. */
  readonly failure: StoreError | undefined;

  // Reads flush first. While the store fails they return what is committed. @throws StoreError when reading fails.
  conversation(id: string): ConversationRow | undefined;
  /** Newest activity first. */
  conversations(selection?: ConversationSelection): ConversationRow[];
  /** In ascending order: of all with sinceSeq < seq < beforeSeq, the newest `limit`. */
  chunks(conversationId: string, selection?: HistorySelection): StoredChunk[];
  /** The seq of the last chunk, or 0. Pending chunks count, even while the store fails. */
  latestSeq(conversationId: string): number;
  queue(conversationId: string): QueuedMessage[];
  /** The answer kept under this key after `since` (milliseconds since the epoch). */
  keptAnswer(
    key: string,
    conversationId: string | undefined,
    since: number,
  ): { digest: string; answer: KeptAnswer } | undefined;
  /** Has a client given this id to a text of the conversation? */
  isNamedMessage(conversationId: string, messageId: string): boolean;
  /** Ids of the conversations with queued texts. */
  queuedConversations(): string[];
  turn(turnId: string): TurnRow | undefined;
  /** Oldest first, each with its steps in order. */
  turns(conversationId: string): { turn: TurnRow; steps: StepRow[] }[];
  /** By the turn's id, the model that it was begun with. */
  modelsOf(conversationId: string): ReadonlyMap<string, string>;
  /** The newest turn that has ended. */
  lastEndedTurn(conversationId: string): TurnRow | undefined;
  /** Turns that have begun and not ended, with their journals; after a crash they are recovered. */
  unsealedTurns(): { turn: TurnRow; journal: JournalPart[] }[];
  /** Flushes and closes the file. What cannot be flushed is lost and logged. Later calls throw, except close. */
  close(): void;
}
