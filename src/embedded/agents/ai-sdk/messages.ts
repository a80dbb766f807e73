// Converts a conversation's history to the AI SDK's messages. Endpoints refuse a history with an unpaired tool call or
// result, so the output must have none, whatever was interrupted in the input.
import type { FilePart, ModelMessage, TextPart, ToolCallPart, ToolResultPart } from "ai";
import type { AgentMessage } from "../../../ports/agent.ts";
import type { Chunk } from "../../../protocol/chunk.ts";

type AssistantPart = Exclude<Extract<ModelMessage, { role: "assistant" }>["content"], string>[number];
/** Options that a provider wants back with a tool call (Gemini: its thought signature), by toolCallId. */
export type CallOptions = ReadonlyMap<string, NonNullable<ToolCallPart["providerOptions"]>>;

const noResult = "There is no result: the turn ended before the tool did.";

/**
 * Includes reasoning only after the last user message: models need it between their tool calls, but endpoints ignore or
 * refuse the reasoning of earlier answers (DeepSeek answers 400).
 */
export function toModelMessages(
  messages: readonly AgentMessage[],
  options: { vision: boolean; callOptions: CallOptions },
): ModelMessage[] {
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  const result: ModelMessage[] = [];
  const open = new Map<string, ToolCallPart>();
  const addResult = (part: ToolResultPart): void => {
    open.delete(part.toolCallId);
    const last = result.at(-1);
    if (last?.role === "tool") last.content.push(part);
    else result.push({ role: "tool", content: [part] });
  };
  const closeCalls = (): void => {
    for (const call of open.values()) addResult(toolResult(call, noResult, true));
  };

  for (const [index, { role, chunks }] of messages.entries()) {
    if (role === "tool") {
      for (const chunk of chunks) {
        const call = chunk.type === "tool-result" ? open.get(chunk.toolCallId) : undefined;
        // A result without an earlier call cannot be sent.
        if (call && chunk.type === "tool-result") addResult(toolResult(call, chunk.content, chunk.isError));
      }
      continue;
    }
    closeCalls();
    if (role === "system") {
      const content = chunks.flatMap(textOf).join("\n\n");
      if (content !== "") result.push({ role, content });
    } else if (role === "user") {
      const content = chunks.flatMap((chunk) => userParts(chunk, options.vision));
      if (content.length > 0) result.push({ role, content });
    } else {
      const content = chunks.flatMap((chunk) => assistantParts(chunk, index > lastUser, options.callOptions));
      // A message of reasoning alone is left out.
      if (content.some(({ type }) => type !== "reasoning")) result.push({ role, content });
      for (const part of content) if (part.type === "tool-call") open.set(part.toolCallId, part);
    }
  }
  closeCalls();
  return result;
}

function textOf(chunk: Chunk): string[] {
  return (chunk.type === "text" || chunk.type === "system") && chunk.text !== "" ? [chunk.text] : [];
}

function userParts(chunk: Chunk, vision: boolean): (TextPart | FilePart)[] {
  if (chunk.type !== "image") return textOf(chunk).map((text) => ({ type: "text", text }));
  if (!vision) return [{ type: "text", text: "[An image was sent here, which this model cannot see.]" }];
  return [imagePart(chunk.url, chunk.mimeType)];
}

/** URLs are passed to the endpoint unchanged: this server must never fetch them. */
function imagePart(url: string, mimeType: string | undefined): TextPart | FilePart {
  const inline = /^data:(image\/[^;,]+);base64,/i.exec(url);
  if (inline?.[1] !== undefined) {
    return { type: "file", mediaType: inline[1], data: { type: "data", data: url.slice(inline[0].length) } };
  }
  if (!/^https?:/i.test(url) || !URL.canParse(url)) {
    return { type: "text", text: "[An image was sent here, at an address that cannot be read.]" };
  }
  const mediaType = mimeType?.startsWith("image/") ? mimeType : "image";
  return { type: "file", mediaType, data: { type: "url", url: new URL(url) } };
}

function assistantParts(chunk: Chunk, withThinking: boolean, callOptions: CallOptions): AssistantPart[] {
  if (chunk.type === "thinking")
    return withThinking && chunk.text !== "" ? [{ type: "reasoning", text: chunk.text }] : [];
  if (chunk.type !== "tool-call") return textOf(chunk).map((text) => ({ type: "text", text }));
  const { toolCallId, toolName, input } = chunk;
  const providerOptions = callOptions.get(toolCallId);
  const part: ToolCallPart = { type: "tool-call", toolCallId, toolName, input: asObject(input) };
  return [providerOptions ? { ...part, providerOptions } : part];
}

/** Servers that fill a chat template with the arguments expect an object, even where the model wrote something else. */
const asObject = (input: unknown): unknown =>
  typeof input === "object" && input !== null && !Array.isArray(input) ? input : { input };

function toolResult({ toolCallId, toolName }: ToolCallPart, value: string, isError: boolean): ToolResultPart {
  return { type: "tool-result", toolCallId, toolName, output: { type: isError ? "error-text" : "text", value } };
}
