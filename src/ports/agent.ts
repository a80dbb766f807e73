// The agent port: what writes an answer. An agent owns its loop over steps (a model call, then its tools); it never
// stores, numbers or sends anything.

import type { ReasoningEffort } from "../protocol/chat-send.ts";
import type { Chunk, Role } from "../protocol/chunk.ts";
import type { TurnEventBody } from "../protocol/turn-event.ts";

/** One message of the conversation so far, oldest first: the stored chunks of one role that belong together. */
export interface AgentMessage {
  role: Role;
  chunks: Chunk[];
}

export interface ToolContext {
  signal: AbortSignal;
  cwd: string | undefined;
  onOutput(data: string, stream: "stdout" | "stderr"): void;
}

export interface Tool {
  name: string;
  description: string;
  /** JSON Schema of the input. */
  inputSchema: Record<string, unknown>;
  /** The result; whatever is no string is shown as JSON. A throw becomes a result with isError. */
  run(input: unknown, context: ToolContext): unknown;
}

/** A turn event as an agent says it: without conversationId and turnId, which the conversation adds (protocol 1.3). */
export type AgentEvent = Extract<
  TurnEventBody,
  {
    type:
      | "reasoning-delta"
      | "text-delta"
      | "tool-call"
      | "tool-output"
      | "tool-result"
      | "usage"
      | "step-complete"
      | "steering"
      | "provider-retry";
  }
>;

export interface AgentResult {
  reason: "stop" | "length" | "tool-calls";
  /** Tokens that the next call would start from. */
  contextSize?: number | undefined;
}

export interface AgentRun {
  /**
   * Why the agent is asked, when it is not for an answer in a turn: `summary` compacts a conversation, without tools.
   */
  purpose?: "summary" | undefined;
  /** The question's text, which is also the last text of `messages`. */
  prompt: string;
  /** Read from the store when it is first looked at: an agent that has a memory of its own need not. */
  readonly messages: AgentMessage[];
  /** The model's name without its provider. */
  model: string;
  tools: Tool[];
  /** Aborted when the turn is cancelled, stopped, closed or over its time. What is yielded after is dropped. */
  signal: AbortSignal;
  reasoningEffort: ReasoningEffort | undefined;
  cwd: string | undefined;
  /**
   * The texts that people sent meanwhile, joined by blank lines, or undefined. To be asked at a tool boundary, between
   * the results of one step and the next model call; the agent hands the text to the model as a user message and yields
   * it as one `steering` event. What was drained and never yielded goes back into the queue.
   */
  drainSteering(): string | undefined;
}

export interface ModelInfo {
  /** The model's name without its provider. */
  name: string;
  contextWindow?: number | undefined;
  vision?: boolean | undefined;
}

export interface Agent {
  /** The provider part of `<provider>/<model>`. */
  provider: string;
  models(): ModelInfo[];
  /** May a model be named that models() does not list? (An endpoint may serve more than it was configured for.) */
  accepts?(model: string): boolean;
  /** Ends by returning a result, or by throwing: an Error whose `code`, if any, goes into the turn's `error` event. */
  run(run: AgentRun): AsyncGenerator<AgentEvent, AgentResult>;
}
