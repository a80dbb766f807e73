// The events of a turn, in the order of protocol 1.3. These are types only: a host's orchestrator may emit other kinds,
// which are passed on unchanged.

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
}

export type DoneReason = "stop" | "length" | "tool-calls" | "error" | "aborted" | "interrupted";

export type TurnEventBody =
  | { type: "user-message"; text: string; messageId?: string; messageIds?: string[] }
  | { type: "turn-start" }
  | { type: "reasoning-delta"; delta: string }
  | { type: "text-delta"; delta: string }
  | { type: "tool-call"; stepId: string; toolCallId: string; toolName: string; input: unknown }
  | { type: "tool-output"; toolCallId: string; data: string; stream: "stdout" | "stderr" }
  | {
      type: "tool-result";
      stepId: string;
      toolCallId: string;
      toolName: string;
      content: string;
      isError: boolean;
      durationMs?: number;
    }
  | { type: "usage"; stepId?: string; usage: Usage }
  | { type: "step-complete"; stepId: string; ttftMs?: number; decodeMs?: number; genTotalMs?: number }
  | { type: "steering"; text: string; messageIds?: string[] }
  | { type: "provider-retry"; attempt: number; delayMs: number; message: string; code?: string }
  | { type: "error"; message: string; code?: string }
  | { type: "done"; reason: DoneReason; durationMs?: number; usage?: Usage; contextSize?: number }
  | { type: "turn-sealed"; latestSeq: number };

/** The fields of every turn event besides its body. */
export interface TurnEventHead {
  conversationId: string;
  turnId: string;
}

export type TurnEvent = TurnEventHead & TurnEventBody;
