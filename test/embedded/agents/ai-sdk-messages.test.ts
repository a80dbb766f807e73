// How the AI SDK agent converts a stored history into the messages that it sends to the endpoint.
import type { ModelMessage } from "ai";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RequestForm, toModelMessages } from "../../../src/embedded/agents/ai-sdk/messages.ts";
import { ToolCalls } from "../../../src/embedded/agents/ai-sdk/tool-calls.ts";
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

const model = "p/m";
const convert = (messages: AgentMessage[], change: Partial<RequestForm> = {}): ModelMessage[] => {
  const calls = new ToolCalls(model, new Map());
  return toModelMessages(messages, { vision: true, tools: true, reasoning: "tools", calls, ...change });
};

/** For each message, its role and the types of its parts, with tool call ids. */
const outline = (messages: ModelMessage[]): string[] =>
  messages.map(({ role, content }) => {
    if (typeof content === "string") return `${role}: ${content}`;
    const parts = content.map((part) => ("toolCallId" in part ? `${part.type} ${part.toolCallId}` : part.type));
    return `${role}: ${parts.join(", ")}`;
  });

history("a summary is told as what it is, in a user message, and texts become text parts", () => {
  const messages = convert([
    { role: "system", chunks: [{ type: "system", text: "Before: hello." }, text("More.")] },
    { role: "system", chunks: [] },
    user(text("hi"), text("you")),
    assistant(text("hello")),
    user(text("")),
  ]);
  assert.equal(messages, [
    {
      role: "user",
      content: [
        {
          type: "text",
          text: "Summary of the conversation so far:\n<summary>\nBefore: hello.\n\nMore.\n</summary>\n\nhi\n\nyou",
        },
      ],
    },
    { role: "assistant", content: [{ type: "text", text: "hello" }] },
    { role: "user", content: "(An empty message.)" },
  ]);
});

history("results follow the message that has their calls", () => {
  const messages = convert([
    user(text("go")),
    assistant(text("let me see"), call("a"), call("b")),
    tool(result("b", "rb"), result("a", "ra", true)),
    assistant(text("so")),
    user(text("and?")),
  ]);
  assert.equal(outline(messages), [
    "user: text",
    "assistant: text, tool-call a, tool-call b",
    "tool: tool-result a, tool-result b",
    "assistant: text",
    "user: text",
  ]);
  assert.equal(messages[2], {
    role: "tool",
    content: [
      { type: "tool-result", toolCallId: "a", toolName: "t", output: { type: "error-text", value: "ra" } },
      { type: "tool-result", toolCallId: "b", toolName: "t", output: { type: "text", value: "rb" } },
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
    "assistant: (The answer was stopped here.)",
    "user: text",
    "assistant: tool-call c",
    "tool: tool-result c",
    "assistant: text, tool-call d",
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
  const [, first, , again] = outline(messages).map((line) => line.replace(/^.* /, ""));
  assert.equal(outline(messages), [
    "user: text",
    "assistant: tool-call a",
    "tool: tool-result a",
    `assistant: tool-call ${again}`,
    `tool: tool-result ${again}`,
  ]);
  assert.is.not(again, first);
  assert.match(String(again), /^[a-zA-Z0-9]{9}$/);
  assert.match(JSON.stringify(messages[4]), /second/);
});

history("thinking is sent back for all of a turn with tool calls, and never alone", () => {
  const of = (turnId: string, message: AgentMessage): AgentMessage => ({ ...message, turnId });
  const told = [
    of("1", user(text("one"))),
    of("1", assistant(thinking("old"), text("1"))),
    of("2", user(text("two"))),
    of("2", assistant(thinking("new"), call("a"))),
    of("2", tool(result("a"))),
    of("2", assistant(thinking("then"), text("2"))),
    of("3", user(text("three"))),
    assistant(thinking("now"), call("b")),
    tool(result("b")),
    assistant(thinking("broke off here")),
  ];
  assert.equal(outline(convert(told)), [
    "user: text",
    "assistant: text",
    "user: text",
    "assistant: reasoning, tool-call a",
    "tool: tool-result a",
    "assistant: reasoning, text",
    "user: text",
    "assistant: reasoning, tool-call b",
    "tool: tool-result b",
  ]);
  assert.not.match(outline(convert(told, { reasoning: "none" })).join(), /reasoning/);
  const bare = convert([user(text("go")), assistant(call("c")), tool(result("c"))], { reasoning: "all" });
  assert.equal(outline(bare), ["user: text", "assistant: reasoning, tool-call c", "tool: tool-result c"]);
});

history("the ids of another model's calls become nine letters and digits; a model gets its own back", () => {
  const long = "functions.search:0";
  const told = (by: string | undefined) => [
    user(text("go")),
    { ...assistant(call(long)), model: by },
    tool(result(long)),
  ];
  const sent = (by: string | undefined) => /tool-call (.*)/.exec(outline(convert(told(by)))[1] ?? "")?.[1];
  assert.equal([sent(model), sent(undefined)], [long, long]);
  assert.match(String(sent("p/another")), /^[a-zA-Z0-9]{9}$/);
  assert.is(sent("p/another"), sent("p/third"), "the same every time");
});

history("a name that a model has made up is sent with legal characters only, in the call and in its result", () => {
  const odd = { toolName: "find it! näher" };
  const messages = convert([user(text("go")), assistant({ ...call("a"), ...odd } as Chunk), tool(result("a"))]);
  assert.match(JSON.stringify(messages[1]), /"toolName":"find_it__n_her"/);
});

history("without tools, calls and results of the history are text", () => {
  const messages = convert([user(text("go")), assistant(text("so"), call("a", { x: 1 })), tool(result("a", "r"))], {
    tools: false,
  });
  assert.equal(outline(messages), ["user: text", "assistant: text", "user: text"]);
  assert.match(JSON.stringify(messages), /Called the tool t with \{\\"x\\":1\}.*The tool t gave: r/);
});

history("blank texts and empty results are never sent, and whoever speaks twice speaks once", () => {
  const messages = convert([
    user(text("one")),
    user(text(" \n")),
    user(text("two")),
    assistant(text("\n"), call("a")),
    tool(result("a", " ")),
    assistant(text("so")),
    assistant(text("on")),
    user(text("three")),
  ]);
  assert.equal(outline(messages), [
    "user: text",
    "assistant: tool-call a",
    "tool: tool-result a",
    "assistant: text",
    "user: text",
  ]);
  assert.match(JSON.stringify(messages[2]), /\(no output\)/);
  assert.equal(outline(convert([assistant(text("kept")), user(text("so"))])), [
    "user: (What came before is not here.)",
    "assistant: text",
    "user: text",
  ]);
  assert.equal(outline(convert([user(text(" "))])), ["user: (An empty message.)"]);
});

history("error chunks, and messages that contain only error chunks, are not sent to the model", () => {
  const messages = convert([user(text("one")), assistant({ type: "error", message: "broke" }), user(text("two"))]);
  assert.equal(outline(messages), ["user: text"]);
});

history("an input that is not an object is wrapped in one", () => {
  const calls = assistant(call("a", "not json"), call("b", [1]), call("c", null), call("d", { x: 1 }));
  const [, message] = convert([user(text("go")), calls]);
  const inputs = Array.isArray(message?.content)
    ? message.content.map((part) => ("input" in part ? part.input : "none"))
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
      image("data:image/png;base64,AAA"),
      image("data:image/png;base64,A*AA"),
    ),
  ]);
  assert.equal(message?.content, [
    { type: "file", mediaType: "image/png", data: { type: "data", data: "AAAA" } },
    { type: "file", mediaType: "image", data: { type: "url", url: new URL("https://x.example/a.jpg") } },
    { type: "file", mediaType: "image/webp", data: { type: "url", url: new URL("https://x.example/b") } },
    { type: "file", mediaType: "image", data: { type: "url", url: new URL("https://x.example/c") } },
    { type: "text", text: Array(5).fill("[An image that cannot be read.]").join("\n\n") },
  ]);
});

history("a model without vision gets a note in place of an image", () => {
  const [message] = convert([user(text("look"), { type: "image", url: "https://x.example/a.png" })], { vision: false });
  assert.match(JSON.stringify(message), /An image, which this model cannot see/);
});

history.run();
