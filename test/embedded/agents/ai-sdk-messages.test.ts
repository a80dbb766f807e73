// How the AI SDK agent converts a stored history into the messages that it sends to the endpoint.
import type { ModelMessage } from "ai";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toModelMessages } from "../../../src/embedded/agents/ai-sdk/messages.ts";
import type { AgentMessage } from "../../../src/ports/agent.ts";
import type { Chunk } from "../../../src/protocol/chunk.ts";

const history = suite("ai-sdk messages");

const text = (value: string): Chunk => ({ type: "text", text: value });
const thinking = (value: string): Chunk => ({ type: "thinking", text: value });
const call = (toolCallId: string, input: unknown = {}): Chunk => ({
  type: "tool-call",
  toolCallId,
  toolName: "t",
  input,
});
const result = (toolCallId: string, content = "r", isError = false): Chunk => ({
  type: "tool-result",
  toolCallId,
  toolName: "t",
  content,
  isError,
});
const user = (...chunks: Chunk[]): AgentMessage => ({ role: "user", chunks });
const assistant = (...chunks: Chunk[]): AgentMessage => ({ role: "assistant", chunks });
const tool = (...chunks: Chunk[]): AgentMessage => ({ role: "tool", chunks });

const convert = (messages: AgentMessage[], vision = true): ModelMessage[] =>
  toModelMessages(messages, { vision, callOptions: new Map() });

/** For each message, its role and the types of its parts, with tool call ids. */
const outline = (messages: ModelMessage[]): string[] =>
  messages.map(({ role, content }) => {
    if (typeof content === "string") return `${role}: ${content}`;
    const parts = content.map((part) => ("toolCallId" in part ? `${part.type} ${part.toolCallId}` : part.type));
    return `${role}: ${parts.join(", ")}`;
  });

history("a summary becomes a system message, and texts become text parts", () => {
  const messages = convert([
    { role: "system", chunks: [{ type: "system", text: "Before: hello." }, text("More.")] },
    { role: "system", chunks: [] },
    user(text("hi"), text("you")),
    assistant(text("hello")),
    user(text("")),
  ]);
  assert.equal(messages, [
    { role: "system", content: "Before: hello.\n\nMore." },
    {
      role: "user",
      content: [
        { type: "text", text: "hi" },
        { type: "text", text: "you" },
      ],
    },
    { role: "assistant", content: [{ type: "text", text: "hello" }] },
  ]);
});

history("results follow the message that has their calls", () => {
  const messages = convert([
    user(text("go")),
    assistant(text("let me see"), call("a"), call("b")),
    tool(result("b", "rb"), result("a", "ra", true)),
    assistant(text("so")),
  ]);
  assert.equal(outline(messages), [
    "user: text",
    "assistant: text, tool-call a, tool-call b",
    "tool: tool-result b, tool-result a",
    "assistant: text",
  ]);
  assert.equal(messages[2], {
    role: "tool",
    content: [
      { type: "tool-result", toolCallId: "b", toolName: "t", output: { type: "text", value: "rb" } },
      { type: "tool-result", toolCallId: "a", toolName: "t", output: { type: "error-text", value: "ra" } },
    ],
  });
});

history("a call without a result gets one that says so, wherever the turn was interrupted", () => {
  const messages = convert([
    user(text("go")),
    assistant(call("a"), call("b")),
    tool(result("a")),
    user(text("again")),
    assistant(call("c")),
    assistant(text("partial")),
    assistant(call("d")),
  ]);
  assert.equal(outline(messages), [
    "user: text",
    "assistant: tool-call a, tool-call b",
    "tool: tool-result a, tool-result b",
    "user: text",
    "assistant: tool-call c",
    "tool: tool-result c",
    "assistant: text",
    "assistant: tool-call d",
    "tool: tool-result d",
  ]);
  assert.match(JSON.stringify(messages[2]), /There is no result/);
});

history("a result without its call is left out, and a later step may reuse an id", () => {
  const messages = convert([
    tool(result("lost")),
    user(text("go")),
    assistant(call("a")),
    tool(result("a", "first"), result("a", "twice"), text("odd")),
    assistant(call("a")),
    tool(result("a", "second")),
  ]);
  assert.equal(outline(messages), [
    "user: text",
    "assistant: tool-call a",
    "tool: tool-result a",
    "assistant: tool-call a",
    "tool: tool-result a",
  ]);
  assert.match(JSON.stringify(messages[4]), /second/);
});

history("thinking is sent back only within the current turn, and never alone", () => {
  const messages = convert([
    user(text("one")),
    assistant(thinking("old"), text("1")),
    user(text("two")),
    assistant(thinking("new"), call("a")),
    tool(result("a")),
    assistant(thinking("broke off here")),
  ]);
  assert.equal(outline(messages), [
    "user: text",
    "assistant: text",
    "user: text",
    "assistant: reasoning, tool-call a",
    "tool: tool-result a",
  ]);
});

history("error chunks, and messages that contain only error chunks, are not sent to the model", () => {
  const messages = convert([user(text("one")), assistant({ type: "error", message: "broke" }), user(text("two"))]);
  assert.equal(outline(messages), ["user: text", "user: text"]);
});

history("an input that is not an object is wrapped in one", () => {
  const messages = convert([assistant(call("a", "not json"), call("b", [1]), call("c", null), call("d", { x: 1 }))]);
  const inputs = Array.isArray(messages[0]?.content)
    ? messages[0].content.map((part) => ("input" in part ? part.input : "none"))
    : [];
  assert.equal(inputs, [{ input: "not json" }, { input: [1] }, { input: null }, { x: 1 }]);
});

history("images are passed on unchanged and never fetched; an invalid image becomes a note", () => {
  const image = (url: string, mimeType?: string): Chunk => ({ type: "image", url, ...(mimeType ? { mimeType } : {}) });
  const [message] = convert([
    user(
      image("data:image/png;base64,AAAA"),
      image("https://x.example/a.jpg"),
      image("https://x.example/b", "image/webp"),
      image("https://x.example/c", "text/html"),
      image("file:///etc/passwd"),
      image("data:text/html,hello"),
      image("http://"),
    ),
  ]);
  const note = { type: "text", text: "[An image was sent here, at an address that cannot be read.]" };
  assert.equal(message?.content, [
    { type: "file", mediaType: "image/png", data: { type: "data", data: "AAAA" } },
    { type: "file", mediaType: "image", data: { type: "url", url: new URL("https://x.example/a.jpg") } },
    { type: "file", mediaType: "image/webp", data: { type: "url", url: new URL("https://x.example/b") } },
    { type: "file", mediaType: "image", data: { type: "url", url: new URL("https://x.example/c") } },
    note,
    note,
    note,
  ]);
});

history("a model without vision gets a note in place of an image", () => {
  const [message] = convert([user(text("look"), { type: "image", url: "https://x.example/a.png" })], false);
  assert.match(JSON.stringify(message), /An image was sent here, which this model cannot see/);
});

history.run();
