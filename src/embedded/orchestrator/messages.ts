// The stored history as messages for an agent: consecutive chunks of one role and turn form a message. Must never give
// a model a tool call without a result, because providers refuse it.
import type { AgentMessage } from "../../ports/agent.ts";
import type { NewChunk } from "../../ports/store.ts";
import type { Chunk } from "../../protocol/chunk.ts";

export interface StoredMessage<Stored extends NewChunk = NewChunk> {
  role: Stored["role"];
  chunks: Stored[];
}

/** Each message is a user message, one assistant step, its tool results or a summary. Each chunk is in exactly one. */
export function messagesOf<Stored extends NewChunk>(chunks: Stored[]): StoredMessage<Stored>[] {
  const messages: StoredMessage<Stored>[] = [];
  for (const chunk of chunks) {
    const message = messages.at(-1);
    if (message?.role === chunk.role && message.chunks[0]?.turnId === chunk.turnId) message.chunks.push(chunk);
    else messages.push({ role: chunk.role, chunks: [chunk] });
  }
  return messages;
}

const callsIn = (message: StoredMessage): Extract<Chunk, { type: "tool-call" }>[] =>
  message.chunks.flatMap(({ chunk }) => (chunk.type === "tool-call" ? [chunk] : []));

export const callIdsIn = (message: StoredMessage): string[] => callsIn(message).map(({ toolCallId }) => toolCallId);

export const resultIdsIn = (message: StoredMessage): string[] =>
  message.chunks.flatMap(({ chunk }) => (chunk.type === "tool-result" ? [chunk.toolCallId] : []));

const withoutResult = "The tool returned no result because the turn was stopped first.";

/** @param modelOf the model that a turn was begun with, as `<provider>/<model>`. */
export function agentMessagesOf(history: NewChunk[], modelOf: (turnId: string) => string | undefined): AgentMessage[] {
  const stored = messagesOf(history);
  const messages: AgentMessage[] = [];
  for (const [index, message] of stored.entries()) {
    const chunks = message.chunks.map(({ chunk }) => chunk).filter(({ type }) => type !== "error");
    const next = stored[index + 1];
    const isAnswered = new Set(next?.role === "tool" ? resultIdsIn(next) : []);
    const missing = callsIn(message)
      .filter(({ toolCallId }) => !isAnswered.has(toolCallId))
      .map(({ toolCallId, toolName }): Chunk => {
        return { type: "tool-result", toolCallId, toolName, content: withoutResult, isError: true };
      });
    const turnId = message.chunks[0]?.turnId;
    const model = message.role === "assistant" && turnId !== undefined ? modelOf(turnId) : undefined;
    const of = { ...(turnId !== undefined && { turnId }), ...(model !== undefined && { model }) };
    const last = messages.at(-1);
    // Stand-ins for missing results and the results that exist form one message.
    if (message.role === "tool" && last?.role === "tool") last.chunks.push(...chunks);
    else if (chunks.length > 0) messages.push({ role: message.role, chunks, ...of });
    if (missing.length > 0) messages.push({ role: "tool", chunks: missing, ...(turnId !== undefined && { turnId }) });
  }
  return messages;
}
