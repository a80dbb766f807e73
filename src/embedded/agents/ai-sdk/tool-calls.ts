// Tool calls in a request: each has a legal name, a legal and unique id, an object as its input, and exactly one result
// right after it. Endpoints refuse a history with an unpaired call or result, whatever was interrupted.
import { createHash } from "node:crypto";
import type { ModelMessage, TextPart, ToolCallPart, ToolResultPart } from "ai";
import type { AgentMessage } from "../../../ports/agent.ts";
import type { Chunk } from "../../../protocol/chunk.ts";

type Assistant = Extract<ModelMessage, { role: "assistant" }>;
export type AssistantPart = Exclude<Assistant["content"], string>[number];
export type ProviderOptions = NonNullable<ToolCallPart["providerOptions"]>;

export const isBlank = (text: string): boolean => text.trim() === "";

const noResult = "There is no result: the turn ended before the tool did.";

/** OpenAI: at most 40 characters. Mistral: exactly nine, letters and digits. */
const idCharactersMax = 40;
const idForEveryone = /^[a-zA-Z0-9]{9}$/;
const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The calls of one request. */
export class ToolCalls {
  readonly #model: string;
  readonly #options: ReadonlyMap<string, ProviderOptions>;
  /** How many calls have had an id so far, and the id that the newest of them is sent with. */
  readonly #times = new Map<string, number>();
  readonly #sentAs = new Map<string, string>();

  /**
   * @param model that is asked: the ids that it made itself are sent back unchanged.
   * @param options that the endpoint wants back with a call (Gemini: its thought signature), by the call's id.
   */
  constructor(model: string, options: ReadonlyMap<string, ProviderOptions>) {
    this.#model = model;
    this.#options = options;
  }

  callOf(chunk: Extract<Chunk, { type: "tool-call" }>, { model = this.#model }: AgentMessage): ToolCallPart {
    const { toolCallId: id, toolName, input } = chunk;
    const times = this.#times.get(id) ?? 0;
    this.#times.set(id, times + 1);
    const isOwn = times === 0 && model === this.#model && id.length <= idCharactersMax;
    const toolCallId = isOwn || (times === 0 && idForEveryone.test(id)) ? id : shortId(`${id} ${times}`);
    this.#sentAs.set(id, toolCallId);
    const providerOptions = this.#options.get(id);
    const call = { type: "tool-call" as const, toolCallId, toolName: legalName(toolName), input: asObject(input) };
    return providerOptions ? { ...call, providerOptions } : call;
  }

  resultsOf(chunk: Chunk): ToolResultPart[] {
    if (chunk.type !== "tool-result") return [];
    const toolCallId = this.#sentAs.get(chunk.toolCallId);
    if (toolCallId === undefined) return [];
    return [toolResult({ toolCallId, toolName: legalName(chunk.toolName) }, chunk.content, chunk.isError)];
  }
}

function shortId(text: string): string {
  const bytes = createHash("sha256").update(text).digest();
  return Array.from(bytes.subarray(0, 9), (byte) => digits[byte % digits.length]).join("");
}

/** Models invent names; endpoints take letters, digits, _ and -, at most 64. */
const legalName = (name: string): string => name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "tool";

/** Some endpoints read the input back as an object. */
const asObject = (input: unknown): unknown =>
  typeof input === "object" && input !== null && !Array.isArray(input) ? input : { input };

function toolResult(
  call: Pick<ToolCallPart, "toolCallId" | "toolName">,
  text: string,
  isError: boolean,
): ToolResultPart {
  const value = isBlank(text) ? "(no output)" : text;
  const { toolCallId, toolName } = call;
  return { type: "tool-result", toolCallId, toolName, output: { type: isError ? "error-text" : "text", value } };
}

const callsIn = ({ role, content }: ModelMessage): ToolCallPart[] =>
  role === "assistant" && typeof content !== "string" ? content.filter((part) => part.type === "tool-call") : [];

const resultsIn = ({ role, content }: ModelMessage): ToolResultPart[] =>
  role === "tool" ? content.filter((part) => part.type === "tool-result") : [];

/**
 * Right after the message that has them, one result for each call, in their order; other results are left out.
 * @param withReasoning each message with a call has some: the endpoint insists on it.
 */
export function pairedCalls(messages: readonly ModelMessage[], withReasoning: boolean): ModelMessage[] {
  return messages.flatMap((message, index): ModelMessage[] => {
    if (message.role === "tool") return [];
    const calls = callsIn(message);
    if (calls.length === 0) return [message];
    const until = messages.findIndex((later, at) => at > index && later.role !== "tool");
    const results = messages.slice(index + 1, until < 0 ? undefined : until).flatMap(resultsIn);
    const resultOf = (call: ToolCallPart): ToolResultPart =>
      results.find(({ toolCallId }) => toolCallId === call.toolCallId) ?? toolResult(call, noResult, true);
    return [withReasoning ? reasoned(message) : message, { role: "tool", content: calls.map(resultOf) }];
  });
}

function reasoned(message: ModelMessage): ModelMessage {
  if (message.role !== "assistant" || typeof message.content === "string") return message;
  if (message.content.some(({ type }) => type === "reasoning")) return message;
  return { ...message, content: [{ type: "reasoning", text: "(not kept)" }, ...message.content] };
}

/** For a model without tools: what was called and what came back, as text. */
export function callsAsText(messages: readonly ModelMessage[]): ModelMessage[] {
  return messages.map((message): ModelMessage => {
    if (message.role === "tool") return { role: "user", content: resultsIn(message).map(resultAsText) };
    if (message.role !== "assistant" || typeof message.content === "string") return message;
    return { role: "assistant", content: message.content.flatMap(callAsText) };
  });
}

const resultAsText = ({ toolName, output }: ToolResultPart): TextPart => {
  const gave = output.type === "error-text" ? "failed" : "gave";
  return { type: "text", text: `[The tool ${toolName} ${gave}: ${"value" in output ? String(output.value) : ""}]` };
};

const callAsText = (part: AssistantPart): AssistantPart =>
  part.type === "tool-call"
    ? { type: "text", text: `[Called the tool ${part.toolName} with ${JSON.stringify(part.input)}]` }
    : part;
