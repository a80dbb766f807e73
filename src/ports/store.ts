// The store port: what outlives the process. All synchronous. A write is one record out of a closed set, so that any
// database can stand behind it, and so that a test can read what was meant.
import type { ReasoningEffort } from "../protocol/chat-send.ts";
import type { Chunk, Role, StoredChunk } from "../protocol/chunk.ts";
import type { DoneReason, Usage } from "../protocol/turn-event.ts";
import type { KeptAnswer, KeyedRequest } from "./idempotency.ts";
import type { QueuedMessage } from "./orchestrator.ts";

/** A conversation's lasting facts. Times are milliseconds since the epoch. */
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

/** A chunk before it has a place in the history; the store numbers it. */
export interface NewChunk {
  role: Role;
  chunk: Chunk;
  turnId?: string | undefined;
}

/**
 * One part of a running turn that is not in the history yet. Neighbouring parts of the same kind, text or thinking, are
 * one chunk cut in pieces: on recovery their texts are joined.
 */
export type JournalPart = { kind: "text" | "thinking"; text: string } | { kind: "chunk"; role: Role; chunk: Chunk };

export type Write =
  /** Creates the conversation; one that exists already stays as it is. */
  | { kind: "conversation"; id: string; create: ConversationRow }
  /** Overwrites the fields named in patch; of an unknown conversation: nothing. */
  | { kind: "conversation.changed"; id: string; patch: Partial<Omit<ConversationRow, "id">> }
  | { kind: "chunks"; conversationId: string; chunks: NewChunk[] }
  | { kind: "turn.began"; turn: TurnRow }
  | { kind: "turn.journal"; turnId: string; parts: JournalPart[] }
  /** The turn's journal is now history: the chunks of it come in the same unit, as a `chunks` write. */
  | { kind: "turn.journalCleared"; turnId: string }
  /** Adds a step, or the fields named to the step of this id. */
  | { kind: "turn.step"; turnId: string; step: StepRow }
  /** Ends the turn: it is sealed when the unit is committed. */
  | {
      kind: "turn.ended";
      turnId: string;
      endedAt: number;
      reason: DoneReason;
      durationMs: number | null;
      usage: Usage | null;
      contextSize: number | null;
    }
  /** Replaces what was kept under its key; what is over limits.idempotencyMs old, or over idempotencyKeysMax, goes. */
  | { kind: "answer.kept"; request: KeyedRequest; answer: KeptAnswer; keptAt: number }
  | { kind: "queue.added"; conversationId: string; message: QueuedMessage }
  | { kind: "queue.removed"; conversationId: string; messageIds: string[] }
  /**
   * Moves the whole history to a new conversation (create; with its old seqs) and writes the chunks given, numbered
   * from 1, in its place. Turns that have ended go with the archive as copies, with their steps; the queue stays. The
   * conversation's compactedFrom becomes the archive's id. An archive that exists already is a defect.
   */
  | { kind: "conversation.compacted"; id: string; archive: ConversationRow; chunks: NewChunk[] };

/**
 * What a unit of writes could not do: the disk is full, the file is broken or read-only. The message is for a person.
 */
export class StoreError extends Error {
  override name = "StoreError";
}

/** Opening failed; the message is one sentence that names the directory and the remedy. */
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
   * Commits these writes as one unit now, after all that is pending. On failure none of them is kept. While the store
   * fails it may throw without another try. @throws StoreError
   */
  attempt(writes: Write[]): void;
  /**
   * Adds these writes, as one unit, to the transaction of this tick; they must not be changed after. They are never
   * lost: what cannot be committed is kept, in order, and tried again with the next flush. A unit that can never
   * succeed, whatever the disk (a turn that begins twice, a value that JSON cannot hold), is set aside and logged as
   * an error.
   */
  append(writes: Write[]): void;
  /** Commits what is pending, now. False when that failed; `failure` says why. */
  flush(): boolean;
  /** Why the last commit failed, or undefined while all is well. */
  readonly failure: StoreError | undefined;

  // Reads flush first; while the store fails they show what is committed. @throws StoreError when they cannot be read.
  conversation(id: string): ConversationRow | undefined;
  /** Newest activity first. */
  conversations(selection?: ConversationSelection): ConversationRow[];
  /** Ascending: sinceSeq < seq < beforeSeq, then the newest `limit` of it. */
  chunks(conversationId: string, selection?: HistorySelection): StoredChunk[];
  /** seq of the last chunk, 0 when there is none; what is pending counts, also while the store fails. */
  latestSeq(conversationId: string): number;
  queue(conversationId: string): QueuedMessage[];
  /** What was kept under this key after that time. */
  keptAnswer(
    key: string,
    conversationId: string | undefined,
    since: number,
  ): { digest: string; answer: KeptAnswer } | undefined;
  /** Ids of the conversations in which texts wait. */
  queuedConversations(): string[];
  turn(turnId: string): TurnRow | undefined;
  /** Oldest first, each with its steps in order. */
  turns(conversationId: string): { turn: TurnRow; steps: StepRow[] }[];
  /** Turns that have begun and not ended, with their journal: after a crash, the work of recovery. */
  unsealedTurns(): { turn: TurnRow; journal: JournalPart[] }[];
  /** Flushes and closes the file; what cannot be flushed is lost, and logged. Later calls but close throw. */
  close(): void;
}
