// What the HTTP API needs of conversations beyond the orchestrator port. Each method is optional: without it, the
// routes that need it answer 501.
import type { ConversationStatus } from "../protocol/broadcast.ts";
import type { ReasoningEffort } from "../protocol/chat-send.ts";
import type { StoredChunk } from "../protocol/chunk.ts";
import type { DoneReason, Usage } from "../protocol/turn-event.ts";
import type { QueuedMessage } from "./orchestrator.ts";
import type { ConversationSelection, HistorySelection, StepRow } from "./store.ts";

export interface ModelCatalog {
  /** `<provider>/<model>`, the default first. */
  models: string[];
  modelInfo: Record<string, { contextWindow?: number; vision?: boolean }>;
}

/** A row of GET /conversations. Times are milliseconds since the epoch. */
export interface ConversationSummary {
  id: string;
  createdAt: number;
  lastActivityAt: number;
  title: string | null;
  status: ConversationStatus;
  workspaceId: string;
  compactedFrom?: string;
}

export interface TurnMetrics {
  turnId: string;
  /** The reason in its `done` event; absent while it runs. */
  reason?: DoneReason;
  usage: Usage | null;
  durationMs?: number;
  steps: StepRow[];
  contextSize?: number;
}

export interface ConversationSettings {
  title: string | null;
  model: string | null;
  reasoningEffort: ReasoningEffort | null;
}

/** A valid request that was not carried out. The code is one of protocol 2, the message a sentence. */
export interface NotDone {
  code: "not-found" | "turn-running" | "unknown-model" | "storage-failed" | "refusing-turns" | "draining" | "internal";
  message: string;
}

export interface Compacted {
  newConversationId: string;
  messagesSummarized: number;
  messagesKept: number;
}

export interface Conversations {
  models?(): ModelCatalog;
  /** Newest activity first. */
  list?(selection: ConversationSelection): ConversationSummary[];
  /** Empty for an unknown id. */
  history?(conversationId: string, selection: HistorySelection): { chunks: StoredChunk[]; latestSeq: number };
  metrics?(conversationId: string): TurnMetrics[];
  status?(conversationId: string): ConversationStatus;
  /** The text of the newest answer in the history ("" when there is none); undefined for an unknown id. */
  lastAnswer?(conversationId: string): { content: string; turnId?: string } | undefined;
  queue?(conversationId: string): QueuedMessage[];
  /** Announces conversation.open to every socket; false for an unknown id. */
  open?(conversationId: string): boolean;
  /** Summarises all but the last messages (protocol 3). Never rejects; with NotDone nothing has changed. */
  compact?(conversationId: string): Promise<Compacted | NotDone>;
  /** All null for an unknown id. */
  settings?(conversationId: string): ConversationSettings;
  /** Creates an unknown conversation. A field left out stays as it is; null unsets it. */
  configure?(conversationId: string, change: Partial<ConversationSettings>): NotDone | undefined;
}

/** The progress of a conversation's running turn, as far as its orchestrator reports it. Times are milliseconds. */
export interface TurnProgress {
  /** Undefined when no turn runs; then only waitingTexts has a value. */
  turnId?: string | undefined;
  /** `<provider>/<model>`. */
  model?: string | undefined;
  startedMsAgo?: number | undefined;
  /** Time in its current state. */
  phaseMs?: number | undefined;
  /** Type of its last event. */
  lastEvent?: string | undefined;
  /** Time since its last event. */
  saidMsAgo: number | undefined;
  /** Time until the turn is aborted for running too long. */
  endsInMs: number | undefined;
  /** Time until it is aborted because its agent is silent. */
  lostInMs?: number | undefined;
  /** Time until it is aborted because nobody watches it. */
  unwatchedInMs?: number | undefined;
  /** How the conversation's last turn ended, as the chart of a turn names it. */
  lastEnd?: { turnId: string; end: string; msAgo: number } | undefined;
  /** Number of queued texts. */
  waitingTexts: number;
}
