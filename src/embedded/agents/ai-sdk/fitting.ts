// Shortens a conversation to what a model's context holds: its oldest messages are left out first, then the beginning
// of texts that are too large by themselves. A summary stays as long as anything can.
import type { AgentMessage } from "../../../ports/agent.ts";
import type { Chunk } from "../../../protocol/chunk.ts";

export interface Fitted {
  messages: readonly AgentMessage[];
  /** How many messages were left out; undefined when all fit as they are. */
  left: number | undefined;
}

/** For the names of fields, roles and ids of each message. */
const envelopeBytes = 60;

const sizeOf = ({ chunks }: AgentMessage): number =>
  chunks.reduce((sum, chunk) => sum + Buffer.byteLength(JSON.stringify(chunk)), envelopeBytes);

export const bytesOf = (messages: readonly AgentMessage[]): number =>
  messages.reduce((sum, message) => sum + sizeOf(message), 0);

export function fitted(messages: readonly AgentMessage[], bytesMax: number): Fitted {
  const total = bytesOf(messages);
  if (total <= bytesMax) return { messages, left: undefined };
  const others = messages.findIndex(({ role }) => role !== "system");
  const summaries = others < 0 ? messages.length : others;
  // What is asked now: the last question, with the tools that have run since.
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  let left = 0;
  let bytes = total;
  for (let at = summaries; at < lastUser && bytes > bytesMax; at++) {
    const message = messages[at];
    if (message) bytes -= sizeOf(message);
    left++;
  }
  const rest = [...messages.slice(0, summaries), ...messages.slice(summaries + left)];
  if (left > 0) rest.splice(summaries, 0, noteOf(left));
  return { messages: cut(rest, bytesMax), left };
}

const noteOf = (left: number): AgentMessage => ({
  role: "user",
  chunks: [{ type: "text", text: `[${left} earlier messages are left out: they do not fit.]` }],
});

/** Cuts the largest text again and again. */
function cut(messages: AgentMessage[], bytesMax: number): AgentMessage[] {
  for (let excess = bytesOf(messages) - bytesMax; excess > 0; excess = bytesOf(messages) - bytesMax) {
    let largest: { at: number; index: number; text: string } | undefined;
    for (const [at, { chunks }] of messages.entries())
      for (const [index, chunk] of chunks.entries()) {
        const text = textIn(chunk);
        if (text !== undefined && text.length > (largest?.text.length ?? textCharactersMin))
          largest = { at, index, text };
      }
    if (!largest) return messages;
    const { at, index, text } = largest;
    const message = messages[at];
    if (!message) return messages;
    // In one go if possible, but at least by half, because a character may have several bytes.
    const kept = Math.max(textCharactersMin / 2, Math.min(text.length - excess - notedCharacters, text.length / 2));
    const chunks = message.chunks.with(index, shortened(message.chunks[index] as Chunk, text, Math.floor(kept)));
    messages[at] = { ...message, chunks };
  }
  return messages;
}

const textCharactersMin = 200;
const notedCharacters = 60;

const textIn = (chunk: Chunk): string | undefined => {
  if (chunk.type === "tool-result") return chunk.content;
  if (chunk.type === "tool-call") return JSON.stringify(chunk.input);
  return "text" in chunk ? chunk.text : undefined;
};

function shortened(chunk: Chunk, text: string, kept: number): Chunk {
  const end = text.slice(-kept).toWellFormed();
  const note = `[${text.length - kept} characters are left out here: they do not fit.]\n`;
  if (chunk.type === "tool-result") return { ...chunk, content: note + end };
  if (chunk.type === "tool-call") return { ...chunk, input: { cut: note.trim() } };
  return { ...chunk, text: note + end } as Chunk;
}
