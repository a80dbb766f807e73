// Fields and shapes that an endpoint refuses: asked again without them, once, and never sent to that model again.
import * as assert from "uvu/assert";
import type { AgentMessage, AgentRun } from "../../../src/ports/agent.ts";
import type { Chunk } from "../../../src/protocol/chunk.ts";
import { answer, type ChatRequest, type OpenAiEndpoint, refuse } from "../../support/openai-endpoint.ts";
import { agentOf, aiSdkSuite, lines } from "./ai-sdk-fixture.ts";
import { messageOf, play, runOf } from "./harness.ts";

const refusals = aiSdkSuite("ai-sdk: what an endpoint refuses");

const text = (value: string): Chunk => ({ type: "text", text: value });
const call: Chunk = { type: "tool-call", toolCallId: "call_1", toolName: "find", input: { x: 1 } };
const result: Chunk = { type: "tool-result", toolCallId: "call_1", toolName: "find", content: "9", isError: false };
/** A turn with a tool call and reasoning, an image, and the question. */
const messages: AgentMessage[] = [
  { role: "user", chunks: [text("look"), { type: "image", url: "data:image/png;base64,AAAA" }], turnId: "1" },
  { role: "assistant", chunks: [{ type: "thinking", text: "hm" }, call], turnId: "1", model: "openai/small" },
  { role: "tool", chunks: [result], turnId: "1" },
  { role: "assistant", chunks: [text("nine")], turnId: "1", model: "openai/small" },
  { role: "user", chunks: [text("and now?")], turnId: "2" },
];
const tools = [{ name: "find", description: "finds", inputSchema: { type: "object" }, run: () => "9" }];
const run: Partial<AgentRun> = { model: "small", messages, tools, reasoningEffort: "low" };

const has = (words: RegExp) => (request: ChatRequest) => words.test(JSON.stringify(request));
const lacks = (words: RegExp) => (request: ChatRequest) => !words.test(JSON.stringify(request));

interface Kind {
  /** Whose words they are. */
  name: string;
  /** Which requests it refuses. */
  refuses(request: ChatRequest): boolean;
  status: number;
  words: string;
  /** What people are told. */
  told: RegExp;
}

const kinds: Kind[] = [
  {
    name: "vLLM without --enable-auto-tool-choice",
    refuses: has(/"tool_choice":|"tools":/),
    ...{ status: 400, words: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set' },
    told: /has no tools/,
  },
  {
    name: "Ollama, a model without tools",
    refuses: has(/"tools":|"role":"tool"/),
    ...{ status: 400, words: '"gemma:2b" does not support tools' },
    told: /has no tools/,
  },
  {
    name: "OpenRouter, no provider with tools",
    refuses: has(/"tools":/),
    ...{
      status: 404,
      words: "No endpoints found that support tool use. To learn more about provider routing, visit …",
    },
    told: /has no tools/,
  },
  {
    name: "llama.cpp without --jinja",
    refuses: has(/"tools":/),
    ...{ status: 500, words: "tools param requires --jinja flag" },
    told: /has no tools/,
  },
  {
    name: "an endpoint that checks its schema (FastAPI)",
    refuses: has(/stream_options/),
    ...{ status: 422, words: "body.stream_options: Extra inputs are not permitted" },
    told: /does not know stream_options/,
  },
  {
    name: "Groq, Cerebras: reasoning of earlier answers",
    refuses: has(/reasoning_content/),
    ...{ status: 400, words: "'messages.1' : for 'role:assistant' the property 'reasoning_content' is unsupported" },
    told: /does not take reasoning/,
  },
  {
    name: "a model without reasoning effort",
    refuses: has(/reasoning_effort/),
    ...{ status: 400, words: "Unrecognized request argument supplied: reasoning_effort" },
    told: /does not know reasoning_effort/,
  },
  {
    name: "a model without vision",
    refuses: has(/image_url/),
    ...{ status: 400, words: "small is not a multimodal model" },
    told: /takes no images/,
  },
  {
    name: "content must be a string",
    refuses: has(/image_url/),
    ...{ status: 422, words: "messages[0]: content must be a string" },
    told: /takes no images/,
  },
];

/** Two turns; both must end well. @returns how many requests each took. */
async function twoTurns(endpoint: OpenAiEndpoint, { refuses, status, words, told }: Kind, history = messages) {
  endpoint.otherwise((request) => (refuses(request) ? refuse(status, { message: words }) : answer("fine")));
  lines.length = 0;
  const agent = agentOf(endpoint);
  const counts: number[] = [];
  for (const turn of [1, 2]) {
    const before = endpoint.requests.length;
    const { events, error } = await play(agent.run(runOf("and now?", { ...run, messages: history })));
    assert.is(error === undefined ? "" : messageOf(error), "");
    assert.match(JSON.stringify(events.at(-2) ?? {}) + JSON.stringify(events), /"delta":"fine"/);
    const retries = events.flatMap((event) => (event.type === "provider-retry" ? [event.message] : []));
    if (turn === 1) assert.match(retries.join(), told);
    else assert.equal(retries, []);
    counts.push(endpoint.requests.length - before);
  }
  return counts;
}

for (const kind of kinds)
  refusals(`${kind.name}: asked again without it, and remembered`, async ({ endpoint }) => {
    assert.equal(await twoTurns(endpoint, kind), [2, 1]);
  });

refusals(
  "DeepSeek, Kimi: reasoning of turns with tools is sent back, also where none was kept",
  async ({ endpoint }) => {
    const insists: Kind = {
      name: "Kimi",
      refuses: lacks(/"reasoning_content":"/),
      ...{
        status: 400,
        words: "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
      },
      told: /wants its reasoning back/,
    };
    const kept = await play(agentOf(endpoint).run(runOf("and now?", run)));
    assert.is(kept.error, undefined);
    assert.match(JSON.stringify(endpoint.requests[0]?.body.messages), /"reasoning_content":"hm"/);
    const bare = messages.map((message) => ({
      ...message,
      chunks: message.chunks.filter(({ type }) => type !== "thinking"),
    }));
    assert.equal(await twoTurns(endpoint, insists, bare), [2, 1]);
  },
);

refusals("a request with several refused parts sheds them one after the other", async ({ endpoint }) => {
  const [vllm, , , , schema, groq, effort] = kinds;
  const all = [vllm, schema, groq, effort].filter((kind) => kind !== undefined);
  endpoint.otherwise((request) => {
    const kind = all.find(({ refuses }) => refuses(request));
    return kind ? refuse(kind.status, { message: kind.words }) : answer("fine");
  });
  const agent = agentOf(endpoint);
  for (const requests of [4, 5]) {
    const { error } = await play(agent.run(runOf("and now?", run)));
    assert.is(error === undefined ? "" : messageOf(error), "");
    // Without tools there is no reasoning of a turn with tool calls to be refused.
    assert.is(endpoint.requests.length, requests);
  }
});

for (const words of [
  "This model's maximum context length is 300 tokens. However, you requested 1500 tokens.",
  "the request exceeds the available context size. try increasing the context size or enable context shift",
  "prompt is too long",
])
  refusals(`a conversation that is too large is cut from its oldest part on: ${words}`, async ({ endpoint }) => {
    const bytesMax = 1_500;
    const long = Array.from({ length: 20 }, (_, index): AgentMessage[] => [
      { role: "user", chunks: [text(`question ${index}`)], turnId: `${index}` },
      { role: "assistant", chunks: [text("answer ".repeat(20))], turnId: `${index}` },
    ]).flat();
    endpoint.otherwise((request) =>
      JSON.stringify(request.messages).length > bytesMax ? refuse(400, { message: words }) : answer("fine"),
    );
    const agent = agentOf(endpoint);
    const history = [...long, { role: "user" as const, chunks: [text("and now?")] }];
    for (const turn of [1, 2]) {
      const before = endpoint.requests.length;
      const { events, error } = await play(agent.run(runOf("and now?", { model: "small", messages: history })));
      assert.is(error === undefined ? "" : messageOf(error), "");
      assert.match(JSON.stringify(events), /larger than the model's context/);
      if (turn === 2) assert.is(endpoint.requests.length - before, 1);
    }
    const sent = JSON.stringify(endpoint.requests.at(-1)?.body.messages);
    assert.match(sent, /earlier messages are left out/);
    assert.match(sent, /and now\?/);
  });

refusals("one text that is larger than the context is cut, and the next turn works", async ({ endpoint }) => {
  endpoint.otherwise((request) =>
    JSON.stringify(request.messages).length > 3_000
      ? refuse(400, { message: "maximum context length is 700 tokens" })
      : answer("fine"),
  );
  const huge = [{ role: "user" as const, chunks: [text(`begins ${"x".repeat(50_000)} ends`)] }];
  const { error } = await play(agentOf(endpoint).run(runOf("…", { model: "small", messages: huge })));
  assert.is(error === undefined ? "" : messageOf(error), "");
  assert.match(JSON.stringify(endpoint.requests.at(-1)?.body.messages), /characters are left out here.* ends"/);
});

refusals(
  "a refusal that says nothing that is understood ends the turn with the endpoint's words",
  async ({ endpoint }) => {
    endpoint.otherwise(refuse(400, { message: "your account is on fire" }));
    const { error } = await play(agentOf(endpoint).run(runOf("and now?", run)));
    assert.match(messageOf(error), "your account is on fire");
    assert.is(endpoint.requests.length, 1);
  },
);

refusals.run();
