// Turns against a real HTTP endpoint in the OpenAI format, from the environment to the wire: what the model writes,
// what it calls, what fails, and what must never leak.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { type Client, connect } from "../support/client.ts";
import { within } from "../support/deadline.ts";
import {
  answer,
  callTools,
  cut,
  ending,
  type OpenAiEndpoint,
  openAiEndpoint,
  refuse,
} from "../support/openai-endpoint.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask, historyOf, metricsOf, textsIn } from "../support/system-http.ts";
import { eventOf, outlineOf, untilSealed } from "../support/system-turns.ts";

const test = suite("a real endpoint");

const apiKey = "sk-never-to-be-seen-4711";
const toolsFile = join(temporaryDirectory(), "tools.ts");
writeFileSync(
  toolsFile,
  `const place = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
export default [
  {
    name: "weather",
    description: "The weather in a place",
    inputSchema: place,
    run({ place }: { place: string }, { onOutput }: { onOutput(data: string, stream: string): void }) {
      onOutput("asking " + place, "stdout");
      onOutput("slowly", "stderr");
      return { sky: "blue" };
    },
  },
  {
    name: "clock",
    description: "A clock that always says noon",
    inputSchema: { type: "object" },
    run: () => "noon",
  },
];
`,
);

let endpoint: OpenAiEndpoint;
let server: ServerProcess;
let client: Client;
/** All messages that any client received. */
const told: string[] = [];

test.before(async () => {
  endpoint = await openAiEndpoint();
  const environment = { TURNWIRE_BASE_URL: endpoint.baseUrl, TURNWIRE_MODEL: "small, large", TURNWIRE_API_KEY: apiKey };
  server = await ServerProcess.start({ environment, flags: ["--tools", toolsFile, "--log-level", "trace"] });
});
test.before.each(async () => {
  endpoint.requests.length = 0;
  client = await connect(server.wsUrl);
});
test.after.each(async () => {
  told.push(JSON.stringify(client.received));
  client.kill();
});
test.after(async () => {
  await server.stop();
  await endpoint.close();
});

const send = (conversationId: string, message: string, more: Record<string, unknown> = {}) =>
  client.send({ type: "chat.send", conversationId, message, ...more });

test("the endpoint's first model is the default, and the demo models are listed too", async () => {
  assert.equal((await ask(server, "/models")).json, {
    models: ["openai/small", "openai/large", "demo/echo", "demo/tools", "demo/script"],
    modelInfo: {},
  });
});

test("text, reasoning and usage are streamed, stored and counted", async () => {
  endpoint.reply({
    stream: [
      ...[{ reasoning: "let me " }, { reasoning: "see" }, { text: "Hel" }, { text: "lo " }, { text: "you" }],
      ...[{ finish: "stop" }, { usage: { prompt_tokens: 12, completion_tokens: 5, cached_tokens: 4 } }],
    ],
  });
  send("said", "Say hello", { reasoningEffort: "high" });
  const turn = await untilSealed(client, "said");
  assert.equal(outlineOf(turn.events), [
    ...["user-message", "turn-start", "reasoning-delta", "text-delta"],
    ...["usage", "step-complete", "done", "turn-sealed"],
  ]);
  assert.equal([turn.reasoning, turn.text, turn.reason], ["let me see", "Hello you", "stop"]);
  const usage = { inputTokens: 12, outputTokens: 5, cacheReadTokens: 4 };
  assert.equal(eventOf(turn, "usage")["usage"], usage);
  assert.equal(eventOf(turn, "done")["usage"], usage);
  assert.is(eventOf(turn, "done")["contextSize"], 17);
  const request = await endpoint.request(0);
  assert.is(request.headers.authorization, `Bearer ${apiKey}`);
  assert.is(request.body.model, "small");
  assert.is(request.body["reasoning_effort"], "high");
  assert.equal(request.body.messages, [{ role: "user", content: "Say hello" }]);
  const [metrics] = await metricsOf(server, "said");
  assert.equal(metrics?.usage, usage);
  assert.equal(metrics?.steps[0]?.usage, usage);
  assert.equal(textsIn(await historyOf(server, "said"), "assistant"), ["Hello you"]);
});

test("the next turn sends the earlier messages to the model, and the conversation keeps its model", async () => {
  endpoint.reply(answer("One."), answer("Two."));
  send("kept", "first", { model: "openai/large" });
  await untilSealed(client, "kept");
  send("kept", "second");
  await untilSealed(client, "kept");
  const { body } = await endpoint.request(1);
  assert.is(body.model, "large");
  assert.equal(body.messages, [
    { role: "user", content: "first" },
    { role: "assistant", content: "One." },
    { role: "user", content: "second" },
  ]);
});

test("images go to the endpoint with the text, and into the history", async () => {
  endpoint.reply(answer("A dot."));
  const url = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
  send("seen", "What is this?", { images: [{ url, mimeType: "image/gif" }] });
  assert.is((await untilSealed(client, "seen")).text, "A dot.");
  const { body } = await endpoint.request(0);
  assert.equal(body.messages, [
    {
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url } },
      ],
    },
  ]);
  const { chunks } = await historyOf(server, "seen");
  assert.equal(chunks[1]?.chunk, { type: "image", url, mimeType: "image/gif" });
});

test("tools from the file and built-in tools run, and their results go back to the model", async () => {
  const calls = [
    { name: "weather", arguments: { place: "Porto" }, id: "w" },
    { name: "calculator", arguments: { expression: "19 + 2" }, id: "c" },
    { name: "oracle", arguments: {}, id: "o" },
  ];
  endpoint.reply(callTools(...calls), answer("Blue, and 21."));
  send("called", "What now?");
  const turn = await untilSealed(client, "called");
  const of = (type: string) => turn.events.filter((event) => event.type === type);
  assert.equal(
    of("tool-call").map(({ toolName, input }) => [toolName, input]),
    calls.map(({ name, arguments: input }) => [name, input]),
  );
  assert.equal(
    of("tool-output").map(({ toolCallId, data, stream }) => [toolCallId, data, stream]),
    [
      ["w", "asking Porto", "stdout"],
      ["w", "slowly", "stderr"],
    ],
  );
  const results = of("tool-result").map(({ toolCallId, content, isError }) => [toolCallId, content, isError]);
  assert.equal(results.slice(0, 2), [
    ["w", '{"sky":"blue"}', false],
    ["c", "21", false],
  ]);
  assert.equal([results[2]?.[0], results[2]?.[2]], ["o", true]);
  assert.is(of("step-complete").length, 2);
  assert.is(turn.text, "Blue, and 21.");
  const { body } = await endpoint.request(1);
  assert.equal(
    body.messages.slice(1).map(({ role, tool_call_id }) => [role, tool_call_id]),
    [
      ["assistant", undefined],
      ["tool", "w"],
      ["tool", "c"],
      ["tool", "o"],
    ],
  );
  assert.equal((await metricsOf(server, "called"))[0]?.steps.length, 2);
});

test("a tool from the file replaces the built-in tool of its name, both for the model and when it runs", async () => {
  endpoint.reply(callTools({ name: "clock", arguments: {} }), answer("Noon."));
  send("noon", "What time is it?");
  const turn = await untilSealed(client, "noon");
  assert.is(eventOf(turn, "tool-result")["content"], "noon");
  const { body } = await endpoint.request(0);
  const offered = body.tools?.map(({ function: { name, description } }) => [name, description]) ?? [];
  assert.equal(
    offered.filter(([name]) => name === "clock"),
    [["clock", "A clock that always says noon"]],
  );
  assert.equal(offered.map(([name]) => name).sort(), ["calculator", "clock", "weather"]);
});

test("a 429 and a broken connection before the first token are retried, and each retry is reported", async () => {
  endpoint.reply(refuse(429, { message: "slow down", retryAfter: 0 }), cut, answer("At last."));
  send("retried", "Are you there?");
  const turn = await untilSealed(client, "retried", 2 * budgets.awaitMs);
  assert.equal(outlineOf(turn.events), [
    ...["user-message", "turn-start", "provider-retry", "provider-retry", "text-delta"],
    ...["usage", "step-complete", "done", "turn-sealed"],
  ]);
  const retries = turn.events.filter(({ type }) => type === "provider-retry");
  assert.equal(
    retries.map(({ attempt, delayMs }) => [attempt, delayMs]),
    [
      [0, 0],
      [1, 1_000],
    ],
  );
  assert.is(retries[0]?.["code"], "429");
  assert.match(String(retries[1]?.["code"]), /^(UND_ERR_SOCKET|ECONNRESET)$/, "whichever comes first");
  assert.match(String(retries[0]?.["message"]), /slow down/);
  assert.is(turn.text, "At last.");
  assert.is(endpoint.requests.length, 3);
});

test("a connection that breaks in mid-answer ends the turn with an error, and the partial text is kept", async () => {
  endpoint.reply({ stream: [{ text: "Half an ans" }, { cut: true }] });
  send("broken", "Tell me");
  const turn = await untilSealed(client, "broken");
  assert.is(turn.reason, "error");
  assert.is(turn.text, "Half an ans");
  assert.equal(outlineOf(turn.events).slice(-4), ["text-delta", "error", "done", "turn-sealed"]);
  assert.is(endpoint.requests.length, 1, "no retry after the first word");
  const { chunks } = await historyOf(server, "broken");
  assert.equal(
    chunks.map(({ chunk }) => chunk.type),
    ["text", "text", "error"],
  );
});

test("chat.cancel aborts the request at the endpoint, and the partial text is stored", async () => {
  endpoint.reply({ stream: [{ text: "I could go on" }, { hang: true }] });
  send("stopped", "Talk");
  await client.nextEvent("stopped", "text-delta");
  client.send({ type: "chat.cancel", conversationId: "stopped" });
  const turn = await untilSealed(client, "stopped");
  assert.is(turn.reason, "aborted");
  const request = await endpoint.request(0);
  await within(request.ended, "the request to be aborted");
  assert.is(request.aborted, true);
  assert.equal(textsIn(await historyOf(server, "stopped"), "assistant"), ["I could go on"]);
});

test("chat.cancel before the first token aborts the request too", async () => {
  endpoint.reply({ hang: true });
  send("early", "Talk");
  const request = await endpoint.request(0);
  client.send({ type: "chat.cancel", conversationId: "early" });
  const turn = await untilSealed(client, "early");
  assert.equal(outlineOf(turn.events), ["user-message", "turn-start", "done", "turn-sealed"]);
  assert.is(turn.reason, "aborted");
  await within(request.ended, "the request to be aborted");
  assert.is(request.aborted, true);
});

test("a text queued during the turn reaches the model after the tools", async () => {
  const slowly = {
    stream: [
      { text: "Wait." },
      { delayMs: 1_500 },
      { toolCall: { name: "clock", arguments: {} } },
      ...ending("tool_calls"),
    ],
  };
  endpoint.reply(slowly, answer("Understood."));
  send("steered", "Begin");
  await client.nextEvent("steered", "text-delta");
  client.send({ type: "chat.queue", conversationId: "steered", text: "but briefly" });
  const turn = await untilSealed(client, "steered");
  assert.is(eventOf(turn, "steering")["text"], "but briefly");
  const { body } = await endpoint.request(1);
  assert.equal(body.messages.at(-1), { role: "user", content: "but briefly" });
});

test("the API key is in no log and no message, even when the endpoint quotes it", async () => {
  endpoint.reply(refuse(401, { message: `Incorrect API key provided: ${apiKey}` }));
  send("refused", "Hello?");
  const turn = await untilSealed(client, "refused");
  assert.is(turn.reason, "error");
  assert.match(String(eventOf(turn, "error")["message"]), /401: Incorrect API key provided: \[API key\]/);
  const stored = JSON.stringify(await historyOf(server, "refused"));
  const everything = [server.stdout, server.stderr, stored, JSON.stringify(client.received), ...told].join("\n");
  assert.ok(everything.includes("agent: model call failed"), "the failures are logged");
  assert.not.ok(everything.includes(apiKey));
});

test.run();
