// The stored history as an agent reads it: chunks of one role that belong together make a message. Must never show a
// model a tool call without its result, which providers refuse.
import type { AgentMessage } from "../../ports/agent.ts";
import type { NewChunk } from "../../ports/store.ts";
import type { Chunk } from "../../protocol/chunk.ts";

export interface StoredMessage<Stored extends NewChunk = NewChunk> {
  role: Stored["role"];
  chunks: Stored[];
}

/** A user message, one assistant step, its tool results, or a summary; every chunk is in exactly one. */
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

export const resultIdsIn = (message: StoredMessage): string[] =>
  message.chunks.flatMap(({ chunk }) => (chunk.type === "tool-result" ? [chunk.toolCallId] : []));

/** The index of the message in which a result's call was made: the nearest before it with this id. */
export function indexOfCall(messages: StoredMessage[], toolCallId: string, before: number): number | undefined {
  for (let index = before - 1; index >= 0; index--) {
    const message = messages[index];
    if (message && callsIn(message).some((call) => call.toolCallId === toolCallId)) return index;
  }
  return undefined;
}

const withoutResult = "The tool gave no result: the turn was stopped before.";

export function agentMessagesOf(history: NewChunk[]): AgentMessage[] {
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
    const last = messages.at(-1);
    // Results that are missing stand before those that came, in one message.
    if (message.role === "tool" && last?.role === "tool") last.chunks.push(...chunks);
    else if (chunks.length > 0) messages.push({ role: message.role, chunks });
    if (missing.length > 0) messages.push({ role: "tool", chunks: missing });
  }
  return messages;
}
