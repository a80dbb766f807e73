// User and assistant take turns in a request, beginning and ending with the user (or a tool's result). Strict chat
// templates refuse anything else, and a turn that failed or was cancelled leaves just that.
import type { ModelMessage, TextPart } from "ai";

const said = {
  stopped: "(The answer was stopped here.)",
  before: "(What came before is not here.)",
  empty: "(An empty message.)",
};

/** @param messages tool results stand right after their calls. */
export function alternating(messages: readonly ModelMessage[]): ModelMessage[] {
  const result: ModelMessage[] = [];
  for (const message of messages) {
    if (isEmpty(message)) continue;
    const last = result.at(-1);
    if (last?.role === "tool" && message.role === "user") result.push({ role: "assistant", content: said.stopped });
    if (last?.role === message.role && joined(last, message)) continue;
    result.push(copyOf(message));
  }
  if (result[0] && result[0].role !== "user") result.unshift({ role: "user", content: said.before });
  const hasQuestion = result.length > 0 ? result.at(-1)?.role !== "assistant" : messages.length === 0;
  if (!hasQuestion) result.push({ role: "user", content: said.empty });
  return result.map(withWholeTexts);
}

/** Adjacent texts become one: where a message is text alone, some endpoints take nothing but a string. */
function withWholeTexts(message: ModelMessage): ModelMessage {
  if (typeof message.content === "string") return message;
  const content: unknown[] = [];
  for (const part of message.content) {
    const last = content.at(-1);
    if (part.type === "text" && isText(last))
      content[content.length - 1] = { ...last, text: `${last.text}\n\n${part.text}` };
    else content.push(part);
  }
  return { ...message, content } as ModelMessage;
}

const isText = (part: unknown): part is TextPart =>
  typeof part === "object" && part !== null && "type" in part && part.type === "text";

/** A message of reasoning alone says nothing either. */
const isEmpty = ({ content }: ModelMessage): boolean =>
  typeof content !== "string" && content.every(({ type }) => type === "reasoning");

const copyOf = (message: ModelMessage): ModelMessage =>
  typeof message.content === "string" ? message : ({ ...message, content: [...message.content] } as ModelMessage);

/** Adds the content to the message before; false when that cannot be done. */
function joined(last: ModelMessage, { content }: ModelMessage): boolean {
  if (typeof last.content === "string" || typeof content === "string") return false;
  (last.content as unknown[]).push(...content);
  return true;
}
