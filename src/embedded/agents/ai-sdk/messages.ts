// Converts a conversation's history to the AI SDK's messages, so that the strictest chat template takes them: user and
// assistant alternate, each tool call is followed by its result, nothing is blank, names and ids are legal.
import type { FilePart, ModelMessage, TextPart } from "ai";
import type { AgentMessage } from "../../../ports/agent.ts";
import type { Chunk } from "../../../protocol/chunk.ts";
import { alternating } from "./alternating.ts";
import { type AssistantPart, callsAsText, isBlank, pairedCalls, type ToolCalls } from "./tool-calls.ts";

export interface RequestForm {
  /** Without it images are replaced by a note. */
  vision: boolean;
  /** Whether tools are offered. Without them, calls and results of the history are written as text. */
  tools: boolean;
  /**
   * `tools`: the reasoning of turns with tool calls, which some endpoints insist on. `none`: the endpoint refuses it.
   * `all`: each message with a tool call has some.
   */
  reasoning: "tools" | "none" | "all";
  calls: ToolCalls;
}

export function toModelMessages(messages: readonly AgentMessage[], form: RequestForm): ModelMessage[] {
  const isWanted = form.tools && form.reasoning !== "none";
  const thinkers = isWanted ? turnsWithCalls(messages) : new Set<string | undefined>();
  const current = messages.at(-1)?.turnId;
  const parts = messages.map((message): ModelMessage => {
    const { role, chunks, turnId = current } = message;
    if (role === "user") return { role, content: chunks.flatMap((chunk) => userParts(chunk, form.vision)) };
    if (role === "system") return { role: "user", content: summaryParts(chunks) };
    if (role === "tool") return { role, content: chunks.flatMap((chunk) => form.calls.resultsOf(chunk)) };
    const withThinking = thinkers.has(turnId);
    return { role, content: chunks.flatMap((chunk) => assistantParts(chunk, withThinking, message, form)) };
  });
  return alternating(form.tools ? pairedCalls(parts, form.reasoning === "all") : callsAsText(parts));
}

/** The turns, by id, in which a tool was called. */
function turnsWithCalls(messages: readonly AgentMessage[]): Set<string | undefined> {
  const current = messages.at(-1)?.turnId;
  const callers = messages.filter(({ chunks }) => chunks.some(({ type }) => type === "tool-call"));
  return new Set(callers.map(({ turnId = current }) => turnId));
}

const textPart = (text: string): TextPart => ({ type: "text", text });

const textOf = (chunk: Chunk): string[] =>
  (chunk.type === "text" || chunk.type === "system") && !isBlank(chunk.text) ? [chunk.text] : [];

/** A summary is what a model has written about what people said: it is no instruction. */
function summaryParts(chunks: readonly Chunk[]): TextPart[] {
  const text = chunks.flatMap(textOf).join("\n\n");
  return text === "" ? [] : [textPart(`Summary of the conversation so far:\n<summary>\n${text}\n</summary>`)];
}

function userParts(chunk: Chunk, vision: boolean): (TextPart | FilePart)[] {
  if (chunk.type !== "image") return textOf(chunk).map(textPart);
  return [vision ? imagePart(chunk.url, chunk.mimeType) : textPart("[An image, which this model cannot see.]")];
}

const unreadable = textPart("[An image that cannot be read.]");

/** URLs are passed to the endpoint unchanged: this server must never fetch them. */
function imagePart(url: string, mimeType: string | undefined): TextPart | FilePart {
  const [whole, mediaType] = /^data:(image\/[^;,]+);base64,/i.exec(url) ?? [];
  if (whole !== undefined && mediaType !== undefined) {
    const data = url.slice(whole.length);
    return isBase64(data) ? { type: "file", mediaType, data: { type: "data", data } } : unreadable;
  }
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return unreadable;
  const known = mimeType?.startsWith("image/") ? mimeType : "image";
  return { type: "file", mediaType: known, data: { type: "url", url: new URL(url) } };
}

const isBase64 = (data: string): boolean => data !== "" && data.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(data);

function assistantParts(
  chunk: Chunk,
  withThinking: boolean,
  message: AgentMessage,
  { calls }: RequestForm,
): AssistantPart[] {
  if (chunk.type === "thinking")
    return withThinking && !isBlank(chunk.text) ? [{ type: "reasoning", text: chunk.text }] : [];
  if (chunk.type === "tool-call") return [calls.callOf(chunk, message)];
  return textOf(chunk).map(textPart);
}
