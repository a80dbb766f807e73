// The agent port. An agent writes an answer and owns the loop over its steps (a model call, then its tools). It never
// stores, numbers or sends anything.
import type { ReasoningEffort } from "../protocol/chat-send.ts";
import type { Chunk, Role } from "../protocol/chunk.ts";
import type { TurnEventBody } from "../protocol/turn-event.ts";

/** One message of the conversation: adjacent stored chunks of one role, oldest first. */
export interface AgentMessage {
  role: Role;
  chunks: Chunk[];
  /** Its turn; undefined for a summary, and for what an agent adds itself. */
  turnId?: string | undefined;
  /** Of an assistant's message: the model that wrote it, as `<provider>/<model>`, where that is known. */
  model?: string | undefined;
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
  /** Returns the result; anything but a string is shown as JSON. A throw or rejection becomes a result with isError. */
  run(input: unknown, context: ToolContext): unknown;
}

/** A turn event as an agent yields it, without conversationId and turnId, which are added later (protocol 1.3). */
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
  /** Tokens in the context of the next model call. */
  contextSize?: number | undefined;
}

export interface AgentRun {
  /** Undefined for an answer in a turn; `summary` for compacting a conversation, without tools. */
  purpose?: "summary" | undefined;
  /** The question's text, which is also the last text in `messages`. */
  prompt: string;
  /** Read from the store on first access, so an agent with its own memory does not pay for it. */
  readonly messages: AgentMessage[];
  /** The model's name without its provider. */
  model: string;
  tools: Tool[];
  /** Aborted when the turn is cancelled, stopped, closed or timed out. What is yielded afterwards is dropped. */
  signal: AbortSignal;
  reasoningEffort: ReasoningEffort | undefined;
  cwd: string | undefined;
  /**
   * Takes the texts that people have queued meanwhile, joined by blank lines; undefined if there are none. Call it
   * between the tool results of one step and the next model call. Give the text to the model as a user message and
   * yield it as one `steering` event. Text that is taken and never yielded goes back into the queue.
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
  /** Does the agent accept a model that models() does not list? An endpoint may serve more than are configured. */
  accepts?(model: string): boolean;
  /** Ends by returning a result or by throwing. An Error's `code`, if any, goes into the turn's `error` event. */
  run(run: AgentRun): AsyncGenerator<AgentEvent, AgentResult>;
}
