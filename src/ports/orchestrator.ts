// The orchestrator port: all that the gateway knows of conversations. An implementation may throw, call back
// synchronously or late, or return invalid values; src/ports/guarded-orchestrator.ts confines that to one request.
import type { Image, ReasoningEffort } from "../protocol/chat-send.ts";
import type { TurnEvent } from "../protocol/turn-event.ts";
import type { KeyedRequest } from "./idempotency.ts";

export interface TurnRequest {
  conversationId: string;
  text: string;
  /** `<provider>/<model>`. If omitted: the conversation's model, else the default. */
  modelName?: string | undefined;
  cwd?: string | undefined;
  reasoningEffort?: ReasoningEffort | undefined;
  workspaceId?: string | undefined;
  computerId?: string | undefined;
  images?: Image[] | undefined;
  /** The client's own id of the text. Refused as `invalid-message` when it was used before in the conversation. */
  clientMessageId?: string | undefined;
  /** Stored atomically with the turn. Only for an orchestrator that stores keys itself (ports/idempotency.ts). */
  idempotency?: KeyedRequest | undefined;
}

export type QueueRequest = Pick<
  TurnRequest,
  "conversationId" | "text" | "workspaceId" | "clientMessageId" | "idempotency"
>;

export interface Refused {
  started: false;
  /** "already-active", an error code of protocol 2, or a host's own reason. */
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
      /** The queue, oldest first. */
      queue: QueuedMessage[];
      /** The turn that the text started. */
      turnId?: string | undefined;
      /** The id of the text if it was queued. */
      messageId?: string | undefined;
      started?: true | undefined;
    }
  | Refused;

/** An event as it enters the log: an object with a string type. Other fields pass unchanged. */
export interface LoggedEvent {
  type: string;
  turnId?: unknown;
  [field: string]: unknown;
}

export type TurnListener = (event: TurnEvent) => void;

export interface Orchestrator {
  /** Refused as "already-active" while a turn is unsealed and while the conversation is being compacted. */
  startTurn(request: TurnRequest): StartOutcome;
  /** Queues the text while a turn runs. Otherwise starts a turn with the queued texts and then this one. */
  enqueue(request: QueueRequest): EnqueueOutcome;
  cancelQueuedMessage?(request: { conversationId: string; messageId: string }): {
    cancelled: boolean;
    queue: QueuedMessage[];
  };
  /** Replays the running turn's events to the listener synchronously, then continues live. No replay after the seal. */
  subscribe(conversationId: string, listener: TurnListener): () => void;
  /** Is there an unsealed turn? If not, one that nothing has ended is sealed (src/streams/dead-turns.ts). */
  isActive(conversationId: string): boolean;
  /** abortedTurn is false when no turn runs or its `done` event is already out. */
  stopTurn(conversationId: string): { abortedTurn: boolean };
  /** Stops the turn, discards the queue and marks the conversation closed until its next text. */
  closeConversation(conversationId: string): { abortedTurn: boolean };
}
