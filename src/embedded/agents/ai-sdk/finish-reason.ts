// What the reasons with which endpoints end an answer mean. The specification has five; any other that is no known word
// for one of them is an error, so that a broken answer never looks complete.
import { AgentError } from "../agent-error.ts";
import type { StepEnd } from "../step-loop.ts";

const meanings: Record<StepEnd["reason"], readonly string[]> = {
  stop: ["stop", "eos", "eos_token", "stop_sequence", "end_turn", "complete", "completed", "end", "done"],
  // Mistral, Anthropic and Gemini behind proxies, llama.cpp, GLM.
  length: [
    ...["length", "max_tokens", "max_output_tokens", "max_length", "model_length", "limit", "context_length"],
    ...["model_context_window_exceeded", "max_output_reached"],
  ],
  "tool-calls": ["tool_calls", "tool_call", "function_call", "tool_use"],
};

/** Gemini adds a cause: `content_filter: PROHIBITED_CONTENT`. */
const withheld = /^(?:content_?filter|safety|sensitive|recitation|blocklist|prohibited_content|spii)/;

/** @throws AgentError when the answer is not what the model wanted to say. */
export function stepEndReason(raw: string | undefined): StepEnd["reason"] {
  const word = (raw ?? "stop").trim().toLowerCase();
  if (meanings.stop.includes(word)) return "stop";
  if (meanings.length.includes(word)) return "length";
  if (meanings["tool-calls"].includes(word)) return "tool-calls";
  if (withheld.test(word)) {
    throw new AgentError("content-filter", "The model endpoint withheld the rest of the answer (content filter).");
  }
  throw new AgentError("provider-failed", `The model endpoint broke off its answer (finish_reason "${raw}").`);
}
