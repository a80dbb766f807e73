// The orchestrator port: all that the gateway knows of conversations. Whoever stands behind it may throw, call back
// synchronously or late, or answer nonsense; src/guarded-orchestrator.ts sees to it that this costs one request only.
import type { Image, ReasoningEffort } from "../protocol/chat-send.ts";
import type { TurnEvent } from "../protocol/turn-event.ts";

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
}

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
      queue: QueuedMessage[];
      turnId?: string | undefined;
      messageId?: string | undefined;
      started?: true | undefined;
    }
  | Refused;

export type TurnListener = (event: TurnEvent) => void;

export interface Orchestrator {
  startTurn(request: TurnRequest): StartOutcome;
  enqueue(request: { conversationId: string; text: string; workspaceId?: string | undefined }): EnqueueOutcome;
  cancelQueuedMessage?(request: { conversationId: string; messageId: string }): {
    cancelled: boolean;
    queue: QueuedMessage[];
  };
  /** Replays the running turn's events to the listener synchronously, then goes on live. After the seal: no replay. */
  subscribe(conversationId: string, listener: TurnListener): () => void;
  isActive(conversationId: string): boolean;
  stopTurn(conversationId: string): { abortedTurn: boolean };
  closeConversation(conversationId: string): { abortedTurn: boolean };
}
