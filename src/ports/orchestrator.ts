// The orchestrator port: all that the gateway knows of conversations. Whoever stands behind it may throw, call back
// synchronously or late, or answer nonsense; src/ports/guarded-orchestrator.ts sees to it that this costs one request
// only.
import type { Image, ReasoningEffort } from "../protocol/chat-send.ts";
import type { TurnEvent } from "../protocol/turn-event.ts";
import type { KeyedRequest } from "./idempotency.ts";

export interface TurnRequest {
  conversationId: string;
  text: string;
  /** `<provider>/<model>`; left out: the conversation's, else the default. */
  modelName?: string | undefined;
  cwd?: string | undefined;
  reasoningEffort?: ReasoningEffort | undefined;
  workspaceId?: string | undefined;
  computerId?: string | undefined;
  images?: Image[] | undefined;
  /** To be kept in one unit with the turn; only for an orchestrator that keeps keys itself (ports/idempotency.ts). */
  idempotency?: KeyedRequest | undefined;
}

export type QueueRequest = Pick<TurnRequest, "conversationId" | "text" | "workspaceId" | "idempotency">;

export interface Refused {
  started: false;
  /** "already-active", or an error code of protocol 2, or a host's own word. */
  reason: string;
  /** A sentence for a person. */
  message?: string | undefined;
}

export type StartOutcome = { started: true; turnId: string } | Refused;

export interface QueuedMessage {
  id: string;
  text: string;
  /** Milliseconds since the epoch. */
  queuedAt: number;
}

export type EnqueueOutcome =
  | {
      startedTurn: boolean;
      /** What waits now, oldest first. */
      queue: QueuedMessage[];
      /** Of the turn that the text started. */
      turnId?: string | undefined;
      /** Of the text, when it waits. */
      messageId?: string | undefined;
      started?: true | undefined;
    }
  | Refused;

/** An event as it enters the log: an object with a string type; all else passes as it is. */
export interface LoggedEvent {
  type: string;
  turnId?: unknown;
  [field: string]: unknown;
}

export type TurnListener = (event: TurnEvent) => void;

export interface Orchestrator {
  /** Refused as "already-active" while a turn is not sealed and while the conversation is compacted. */
  startTurn(request: TurnRequest): StartOutcome;
  /** Starts a turn where none runs, after the texts that wait already; else the text waits. */
  enqueue(request: QueueRequest): EnqueueOutcome;
  cancelQueuedMessage?(request: { conversationId: string; messageId: string }): {
    cancelled: boolean;
    queue: QueuedMessage[];
  };
  /** Replays the running turn's events to the listener synchronously, then goes on live. After the seal: no replay. */
  subscribe(conversationId: string, listener: TurnListener): () => void;
  /** Is there a turn that is not sealed? */
  isActive(conversationId: string): boolean;
  /** abortedTurn is false when no turn runs, or the `done` of the one that runs is out. */
  stopTurn(conversationId: string): { abortedTurn: boolean };
  /** Stops the turn, discards the queue and marks the conversation closed until its next text. */
  closeConversation(conversationId: string): { abortedTurn: boolean };
}
