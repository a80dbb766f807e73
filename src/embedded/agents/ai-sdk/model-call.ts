// One request to the model, without retries: streams the answer as agent events. When its reader stops, for whatever
// reason, the HTTP request is aborted. Must never leave a request running or a rejection unhandled.
import type { LanguageModel, LanguageModelUsage, ModelMessage, ToolCallPart, ToolSet } from "ai";
import type { AgentEvent, AgentRun, Tool } from "../../../ports/agent.ts";
import type { Chunk } from "../../../protocol/chunk.ts";
import type { Usage } from "../../../protocol/turn-event.ts";
import { AgentError } from "../agent-error.ts";
import type { StepContext, StepEnd } from "../step-loop.ts";
import { stepEndReason } from "./finish-reason.ts";
import type { ModelParameters } from "./settings.ts";
import { ThinkTags } from "./think-tags.ts";

/** The functions of `ai` in use; the package is loaded with the first turn. */
export type Sdk = Pick<typeof import("ai"), "experimental_streamLanguageModelCall" | "jsonSchema">;

export interface ModelCall {
  sdk: Sdk;
  model: LanguageModel;
  messages: ModelMessage[];
  run: Pick<AgentRun, "signal" | "reasoningEffort" | "tools">;
  context: StepContext;
  /** Whether a text that begins with <think> begins with reasoning. */
  thinkTags: boolean;
  parameters: ModelParameters;
  /** Called with the options that the provider wants back with a tool call in the next request. */
  remember(toolCallId: string, options: NonNullable<ToolCallPart["providerOptions"]>): void;
  /** Called with the SDK's warnings, such as settings that it ignored. */
  onWarning(warnings: unknown[]): void;
}

export async function* callModel(call: ModelCall): AsyncGenerator<AgentEvent | StepEnd, void, undefined> {
  const { sdk, model, messages, run, context, parameters } = call;
  const { stopSequences, ...numbers } = parameters;
  const { stepId, timer } = context;
  const request = new AbortController();
  const onAbort = (): void => request.abort(run.signal.reason);
  run.signal.throwIfAborted();
  run.signal.addEventListener("abort", onAbort, { once: true });
  const tags = new ThinkTags(call.thinkTags);
  let hasAnswer = answersAlready(context);
  try {
    const { stream } = await sdk.experimental_streamLanguageModelCall({
      model,
      messages,
      allowSystemInMessages: true,
      tools: toolSet(run.tools, sdk),
      abortSignal: request.signal,
      ...numbers,
      ...(stopSequences && { stopSequences: [...stopSequences] }),
      // The option takes any string; the endpoint decides whether it knows xhigh and max.
      ...(run.reasoningEffort
        ? { providerOptions: { openaiCompatible: { reasoningEffort: run.reasoningEffort } } }
        : {}),
    });
    for await (const part of stream) {
      switch (part.type) {
        case "model-call-start":
          if (part.warnings.length > 0) call.onWarning(part.warnings);
          break;
        case "text-delta":
        case "text-end":
          for (const event of part.type === "text-delta" ? tags.take(part.text) : tags.end()) {
            hasAnswer ||= event.type === "text-delta" && event.delta.trim() !== "";
            yield event;
          }
          break;
        case "reasoning-delta":
          yield { type: "reasoning-delta", delta: part.text };
          break;
        case "tool-input-start":
          // Counts as a token although no event is emitted: there must be no retry from here on.
          timer.token();
          break;
        case "tool-call": {
          hasAnswer = true;
          const toolCallId = context.toolCallId(part.toolCallId);
          if (part.providerMetadata) call.remember(toolCallId, part.providerMetadata);
          if (typeof part.input === "string")
            context.unusable(toolCallId, "The call was not run: its input is not a JSON object.");
          yield { type: "tool-call", stepId, toolCallId, toolName: part.toolName, input: part.input };
          break;
        }
        case "error":
          throw part.error;
        case "model-call-end": {
          const usage = usageOf(part.usage);
          if (usage) yield { type: "usage", stepId, usage };
          const reason = stepEndReason(part.rawFinishReason);
          if (!hasAnswer && reason !== "length") throw new AgentError("provider-failed", emptyAnswer);
          yield { type: "step-end", reason, contextSize: usage && usage.inputTokens + usage.outputTokens };
          break;
        }
      }
    }
  } catch (error) {
    // fetch and streams wrap an abort reason in many ways: throw the original.
    throw request.signal.aborted ? request.signal.reason : error;
  } finally {
    run.signal.removeEventListener("abort", onAbort);
    request.abort();
  }
}

const emptyAnswer = "The model ended its answer without saying anything.";

/** A model that has said something in this turn may end it without more words, after its last tool. */
function answersAlready({ messages }: StepContext): boolean {
  const own = messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1);
  return own.some(({ role, chunks }) => role === "assistant" && chunks.some(isWord));
}

const isWord = (chunk: Chunk): boolean => chunk.type === "text" && chunk.text.trim() !== "";

/** The schemas only: without `execute` the SDK runs no tool. */
function toolSet(tools: Tool[], sdk: Sdk): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }) => [
      name,
      { description, inputSchema: sdk.jsonSchema(inputSchema) },
    ]),
  );
}

function usageOf(usage: LanguageModelUsage): Usage | undefined {
  const { inputTokens, outputTokens, inputTokenDetails } = usage;
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const { cacheReadTokens, cacheWriteTokens } = inputTokenDetails;
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    // The SDK reports 0 where the endpoint reported nothing.
    ...(cacheReadTokens ? { cacheReadTokens } : {}),
    ...(cacheWriteTokens ? { cacheWriteTokens } : {}),
  };
}
