// What can be set for one model of an endpoint.
import type { ModelInfo } from "../../../ports/agent.ts";

export interface ModelSettings extends ModelInfo {
  /** Default: true. False: no tools are offered, and tool calls of the history are sent as text. */
  tools?: boolean | undefined;
  /** Default: true. False: the reasoning of earlier answers is never sent back. */
  reasoning?: boolean | undefined;
  /** Default: true. Text that begins with <think> is told apart as reasoning. */
  thinkTags?: boolean | undefined;
  /** The system message of every request. */
  instructions?: string | undefined;
  parameters?: ModelParameters | undefined;
  /** Added to the body of every request as it is. */
  extraBody?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds without a sign of life after which a request has failed. Default: limits.modelSilenceMs. */
  silenceMs?: number | undefined;
  /** How often a request is tried again. Default: limits.retriesMax. */
  retries?: number | undefined;
}

/** As the AI SDK names them. */
export interface ModelParameters {
  temperature?: number;
  topP?: number;
  topK?: number;
  maxOutputTokens?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  stopSequences?: readonly string[];
}
