// The AI SDK agent against a real HTTP endpoint on loopback that speaks the OpenAI streaming format.
import * as assert from "uvu/assert";
import { createAiSdkAgent } from "../../../src/embedded/agents/ai-sdk.ts";
import { calculatorTool } from "../../../src/embedded/tools/calculator.ts";
import type { AgentRun } from "../../../src/ports/agent.ts";
import { SimulatedClock } from "../../support/clock.ts";
import { answer, callTools, ending, refuse } from "../../support/openai-endpoint.ts";
import { systemClock } from "../../support/system-clock.ts";
import { agentOf, aiSdkSuite, apiKey, logger, quick, turn } from "./ai-sdk-fixture.ts";
import { codeOf, messageOf, ofType, play, runOf, textIn, within } from "./harness.ts";

const sdk = aiSdkSuite("ai-sdk agent");

const writeToStdout = process.stdout.write;

sdk("streams text as it arrives, with usage and timings", async ({ endpoint }) => {
  endpoint.reply({
    stream: [
      { text: "Hel" },
      { text: "lo" },
      { finish: "stop" },
      { usage: { prompt_tokens: 9, completion_tokens: 2, cached_tokens: 4 } },
    ],
  });
  const clock = new SimulatedClock();
  const onEvent = () => clock.advance(20);
  const { events, result } = await turn(endpoint, { clock, play: { onEvent } });
  assert.equal(
    events.map(({ type }) => type),
    ["text-delta", "text-delta", "usage", "step-complete"],
  );
  assert.is(textIn(events), "Hello");
  const [usage] = ofType(events, "usage");
  assert.equal(usage?.usage, { inputTokens: 9, outputTokens: 2, cacheReadTokens: 4 });
  const [step] = ofType(events, "step-complete");
  const stepId = usage?.stepId ?? "none";
  assert.equal(step, { type: "step-complete", stepId, ttftMs: 0, decodeMs: 20, genTotalMs: 60 });
  assert.equal(result, { reason: "stop", contextSize: 11 });

  const request = await endpoint.request(0);
  assert.is(request.path, "/v1/chat/completions");
  assert.is(request.headers.authorization, `Bearer ${apiKey}`);
  assert.is(request.body.model, "small");
  assert.is(request.body.stream, true);
  assert.equal(request.body.messages, [{ role: "user", content: "hi" }]);
  assert.is(request.body.tools, undefined);
  assert.is(request.body["reasoning_effort"], undefined);
  await within(request.ended);
  assert.not(request.aborted);
});

sdk("needs no key, keeps a query, takes model names with slashes, and offers its models", async ({ endpoint }) => {
  endpoint.reply(answer("ok"));
  const agent = agentOf(endpoint, { apiKey: undefined, baseUrl: `${endpoint.baseUrl}/?api-version=7` });
  assert.is(agent.provider, "openai");
  assert.equal(
    agent.models().map(({ name }) => name),
    ["small", "blind"],
  );
  assert.ok(agent.accepts?.("meta-llama/llama-3:8b"));
  assert.not(agent.accepts?.(""));
  await play(agent.run(runOf("hi", { model: "meta-llama/llama-3:8b" })));
  const request = await endpoint.request(0);
  assert.is(request.path, "/v1/chat/completions?api-version=7");
  assert.is(request.headers.authorization, undefined);
  assert.is(request.body.model, "meta-llama/llama-3:8b");
  assert.is(agentOf(endpoint, { provider: "local" }).provider, "local");
});

sdk("a wrong base URL is refused before the first turn, without quoting it", () => {
  const create = (baseUrl: string) => () =>
    createAiSdkAgent({ baseUrl, models: [], clock: systemClock, logger, limits: quick });
  for (const baseUrl of ["", "models", "ftp://x/v1"]) assert.throws(create(baseUrl), /http or https URL like/);
  assert.throws(create("http://me:hunter2@x/v1"), (error: Error) => {
    assert.not.match(error.message, "hunter2");
    return /must not contain a user name or password/.test(error.message);
  });
});

sdk("runs tools between two model calls and sends their results to the model", async ({ endpoint }) => {
  endpoint.reply(
    {
      stream: [
        { reasoning: "I should " },
        { reasoning: "calculate." },
        { text: "One moment." },
        { toolCall: { name: "calculator", arguments: { expression: "6 * 7" }, pieces: 5 } },
        { toolCall: { name: "calculator", arguments: { expression: "1 / 0" }, index: 1 } },
        ...ending("tool_calls", 20),
      ],
    },
    answer("It is 42."),
  );
  const { events, result } = await turn(endpoint, { run: { tools: [calculatorTool] } });
  assert.equal(
    events.map(({ type }) => type),
    [
      ...["reasoning-delta", "reasoning-delta", "text-delta", "tool-call", "tool-call", "usage"],
      ...["tool-result", "tool-result", "step-complete", "text-delta", "usage", "step-complete"],
    ],
  );
  assert.equal(
    ofType(events, "tool-call").map(({ toolCallId, toolName, input }) => [toolCallId, toolName, input]),
    [
      ["call_0", "calculator", { expression: "6 * 7" }],
      ["call_1", "calculator", { expression: "1 / 0" }],
    ],
  );
  assert.equal(
    ofType(events, "tool-result").map(({ content, isError }) => [content, isError]),
    [
      ["42", false],
      ["calculator: division by zero.", true],
    ],
  );
  assert.is(result?.reason, "stop");
  const [first, second] = endpoint.requests;
  assert.is(first?.body.tools?.[0]?.function.name, "calculator");
  assert.equal(first?.body.tools?.[0]?.function.parameters, calculatorTool.inputSchema);
  const call = (id: string, expression: string) => ({
    id,
    type: "function",
    function: { name: "calculator", arguments: JSON.stringify({ expression }) },
  });
  assert.equal(second?.body.messages.slice(1), [
    {
      role: "assistant",
      content: "One moment.",
      reasoning_content: "I should calculate.",
      tool_calls: [call("call_0", "6 * 7"), call("call_1", "1 / 0")],
    },
    { role: "tool", tool_call_id: "call_0", content: "42" },
    { role: "tool", tool_call_id: "call_1", content: "calculator: division by zero." },
  ]);
});

sdk("steering reaches the model as a user message after the tool results", async ({ endpoint }) => {
  endpoint.reply(callTools({ name: "calculator", arguments: { expression: "1" } }), answer("ok"));
  const waiting = ["hurry"];
  const { events } = await turn(endpoint, { run: { tools: [calculatorTool], drainSteering: () => waiting.shift() } });
  assert.equal(ofType(events, "steering"), [{ type: "steering", text: "hurry" }]);
  assert.equal(endpoint.requests[1]?.body.messages.at(-1), { role: "user", content: "hurry" });
});

sdk("provider metadata of a call is sent back with it, also when two calls have the same id", async ({ endpoint }) => {
  endpoint.reply(
    callTools({ name: "calculator", arguments: { expression: "1" }, thoughtSignature: "sig-1" }),
    callTools({ name: "calculator", arguments: { expression: "2" }, thoughtSignature: "sig-2" }),
    answer("ok"),
  );
  const { events } = await turn(endpoint, { run: { tools: [calculatorTool] } });
  const ids = ofType(events, "tool-call").map(({ toolCallId }) => toolCallId);
  assert.is(ids[0], "call_0");
  assert.is.not(ids[1], "call_0");
  const calls = endpoint.requests[2]?.body.messages.flatMap((message) => message["tool_calls"] ?? []);
  assert.match(JSON.stringify(calls), /"call_0".*sig-1.*sig-2/);
});

sdk("calls that cannot be run get results that say why", async ({ endpoint }) => {
  endpoint.reply(
    callTools(
      { name: "unknown", arguments: {} },
      { name: "calculator", arguments: '{"expression": "1 +' },
      { name: "calculator", arguments: "" },
    ),
    answer("sorry"),
  );
  const { events, error } = await turn(endpoint, { run: { tools: [calculatorTool] } });
  assert.is(error, undefined);
  assert.equal(
    ofType(events, "tool-result").map(({ content, isError }) => [content, isError]),
    [
      ['There is no tool "unknown". The tools are: calculator.', true],
      ["The call was not run: its input is not a JSON object.", true],
      ['calculator: the input must be an object like {"expression": "2 * (3 + 4)"}.', true],
    ],
  );
  const args = JSON.stringify(endpoint.requests[1]?.body.messages[1]?.["tool_calls"]);
  assert.ok(args.includes(JSON.stringify(JSON.stringify({ input: '{"expression": "1 +' })).slice(1, -1)), args);
  endpoint.reply(callTools({ name: "calculator", arguments: {} }), answer("sorry"));
  const none = await turn(endpoint);
  assert.match(ofType(none.events, "tool-result")[0]?.content ?? "", /No tools are offered/);
});

sdk("the requested reasoning effort is passed on unchanged", async ({ endpoint }) => {
  for (const [index, reasoningEffort] of (["low", "medium", "high", "xhigh", "max"] as const).entries()) {
    await turn(endpoint, { run: { reasoningEffort }, provider: index === 0 ? "my-provider" : undefined });
    assert.is(endpoint.requests[index]?.body["reasoning_effort"], reasoningEffort);
  }
});

sdk(
  "images reach a model with vision, inline or by address, and the server never fetches them",
  async ({ endpoint }) => {
    const messages: AgentRun["messages"] = [
      { role: "system", chunks: [{ type: "system", text: "Summary." }] },
      {
        role: "user",
        chunks: [
          { type: "text", text: "look" },
          { type: "image", url: "data:image/png;base64,iVBORw0KGgo=" },
          { type: "image", url: "https://nowhere.invalid/a.png" },
        ],
      },
    ];
    await turn(endpoint, { run: { messages } });
    assert.equal(endpoint.requests[0]?.body.messages, [
      {
        role: "user",
        content: [
          {
            type: "text",
            text: "Summary of the conversation so far:\n<summary>\nSummary.\n</summary>\n\nlook",
          },
          { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
          { type: "image_url", image_url: { url: "https://nowhere.invalid/a.png" } },
        ],
      },
    ]);
    await turn(endpoint, { run: { messages, model: "blind" } });
    assert.not.match(JSON.stringify(endpoint.requests[1]?.body), /image_url/);
  },
);

sdk('the output limit ends the turn with reason "length", and a refusal text is an answer', async ({ endpoint }) => {
  endpoint.reply({ stream: [{ text: "to be contin" }, ...ending("length")] });
  assert.is((await turn(endpoint)).result?.reason, "length");
  const refusal = {
    id: "x",
    choices: [{ index: 0, delta: { refusal: "I would rather not." }, finish_reason: "stop" }],
  };
  endpoint.reply({ stream: [{ raw: `data: ${JSON.stringify(refusal)}\n\n` }] });
  const refused = await turn(endpoint);
  assert.is(textIn(refused.events), "I would rather not.");
  assert.equal(refused.result, { reason: "stop", contextSize: undefined });
  endpoint.reply({ stream: [{ text: "x" }, ...ending("content_filter")] });
  assert.is(codeOf((await turn(endpoint)).error), "content-filter");
  endpoint.reply({ stream: [{ text: "x" }, ...ending("eos")] });
  assert.is((await turn(endpoint)).result?.reason, "stop");
});

sdk("without usage there is no usage event and no context size", async ({ endpoint }) => {
  endpoint.reply({ stream: [{ text: "x" }, { finish: "stop" }] });
  const { events, result } = await turn(endpoint);
  assert.equal(ofType(events, "usage"), []);
  assert.equal(result, { reason: "stop", contextSize: undefined });
});

sdk("a summary uses the same run, without tools", async ({ endpoint }) => {
  endpoint.reply(answer("They ", "greeted."));
  const messages: AgentRun["messages"] = [
    { role: "user", chunks: [{ type: "text", text: "hi" }] },
    { role: "assistant", chunks: [{ type: "text", text: "hello" }] },
    { role: "user", chunks: [{ type: "text", text: "Summarise." }] },
  ];
  const { events } = await turn(endpoint, { run: { messages } });
  assert.is(textIn(events), "They greeted.");
  assert.equal(
    endpoint.requests[0]?.body.messages.map(({ role }) => role),
    ["user", "assistant", "user"],
  );
});

sdk("a history without a message is refused, not sent", async ({ endpoint }) => {
  const { error } = await turn(endpoint, { run: { messages: [] } });
  assert.is(messageOf(error), "There is no message to answer.");
  assert.is(endpoint.requests.length, 0);
});

sdk("nothing is written to stdout", async ({ endpoint }) => {
  let written = "";
  process.stdout.write = (chunk) => {
    written += String(chunk);
    return true;
  };
  try {
    endpoint.reply(refuse(500), { stream: [{ text: "x" }, { cut: true }] });
    await turn(endpoint, { provider: "my-provider", run: { reasoningEffort: "max" } });
  } finally {
    process.stdout.write = writeToStdout;
  }
  assert.is(written, "");
});

sdk.run();
