// Requests that nobody may make, each with the refusal that the contract has for it, to the letter (protocol 1.4).
import { refusalText } from "./messages.ts";

export interface Malformed {
  /** The frame's text. */
  text: string;
  refusal: string;
}

const requires = (type: string, field: string): string => `${type} requires a non-empty string \`${field}\``;

/** Those that name a conversation are refused in its name when it is usable. */
export function malformedRequests(conversationId: string): Malformed[] {
  const chat = (request: object, message: string, named?: "nobody"): Malformed => ({
    text: JSON.stringify({ conversationId, ...request }),
    refusal: refusalText("chat.error", named ? undefined : conversationId, message),
  });
  const invalidEffort = 'invalid reasoningEffort "huge" — must be one of: low, medium, high, xhigh, max';
  return [
    { text: "no JSON at all", refusal: refusalText("error", undefined, "Invalid JSON") },
    chat({ type: "chat.send" }, requires("chat.send", "message")),
    chat({ type: "chat.send", message: "" }, requires("chat.send", "message")),
    chat({ type: "chat.send", message: "x", reasoningEffort: "huge" }, `chat.send: ${invalidEffort}`),
    chat({ type: "chat.send", message: "x", images: "y" }, "chat.send: 'images' must be an array"),
    chat(
      { type: "chat.send", message: "x", images: [{ url: "" }] },
      "chat.send: each image must have a non-empty string 'url'",
    ),
    chat({ type: "chat.queue", text: " \n" }, requires("chat.queue", "text")),
    chat({ type: "chat.queue", conversationId: "", text: "x" }, requires("chat.queue", "conversationId"), "nobody"),
    chat({ type: "chat.queue.cancel" }, requires("chat.queue.cancel", "messageId")),
  ];
}
