// Whatever history a store can hold becomes a request that the strictest endpoint accepts.
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { AgentMessage } from "../../../src/ports/agent.ts";
import type { Chunk, Role } from "../../../src/protocol/chunk.ts";
import { answer, type ChatRequest, type Reply, refuse } from "../../support/openai-endpoint.ts";
import { chosenSeed } from "../../support/seed.ts";
import { complaintsAbout } from "../../support/strict-endpoint.ts";
import { agentOf, aiSdkSuite } from "./ai-sdk-fixture.ts";
import { messageOf, play, runOf } from "./harness.ts";

const histories = aiSdkSuite("ai-sdk: any history");
const seed = chosenSeed("histories for endpoints");

const words = fc.oneof(
  fc.constantFrom("", " ", "\n", "hello", "é🙂", "\ud800"),
  fc.string({ maxLength: 40 }),
  fc.integer({ min: 500, max: 2_000 }).map((length) => "long ".repeat(length / 5)),
);
const anyId = fc.oneof(fc.constantFrom("call_1", "functions.find:0", "a", "abcdefghi"), fc.string({ maxLength: 60 }));
const anyName = fc.constantFrom("find", "make it so!", "", "näher", "x".repeat(100));
const input = fc.oneof(fc.constantFrom<unknown>(null, "text", [1], {}, { x: "y" }), fc.jsonValue());

const call = fc.record({ type: fc.constant("tool-call" as const), toolCallId: anyId, toolName: anyName, input });
const result = fc.record({
  ...{ type: fc.constant("tool-result" as const), toolCallId: anyId, toolName: anyName, content: words },
  isError: fc.boolean(),
});
const chunk: fc.Arbitrary<Chunk> = fc.oneof(
  words.map((text): Chunk => ({ type: "text", text })),
  words.map((text): Chunk => ({ type: "thinking", text })),
  call,
  result,
  fc.constantFrom<Chunk>({ type: "error", message: "it broke" }, { type: "image", url: "data:image/png;base64,AAAA" }),
  fc.constantFrom<Chunk>({ type: "image", url: "data:image/png;base64,!" }, { type: "system", text: "before" }),
);
const message: fc.Arbitrary<AgentMessage> = fc.record(
  {
    role: fc.constantFrom<Role>("user", "assistant", "tool", "user", "assistant", "system"),
    chunks: fc.array(chunk, { maxLength: 4 }),
    turnId: fc.constantFrom("t1", "t2", "t3"),
    model: fc.constantFrom("openai/another", "demo/echo"),
  },
  { requiredKeys: ["role", "chunks", "model"] },
);
const question: AgentMessage = { role: "user", chunks: [{ type: "text", text: "and now?" }], turnId: "t9" };

const strict =
  (refused: string[], bytesMax?: number) =>
  (request: ChatRequest): Reply => {
    const complaints = complaintsAbout(request, bytesMax);
    refused.push(...complaints);
    return complaints.length > 0 ? refuse(400, { message: complaints.join("; ") }) : answer("fine");
  };

const tools = [{ name: "find", description: "finds", inputSchema: { type: "object" }, run: () => "found" }];

for (const [name, offered] of [
  ["with tools", tools],
  ["without tools", []],
] as const)
  histories(`${name}, every history is accepted at once by the strictest template`, async ({ endpoint }) => {
    const refused: string[] = [];
    endpoint.otherwise(strict(refused));
    const agent = agentOf(endpoint);
    const holds = fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (history) => {
      const run = runOf("and now?", { model: "small", messages: [...history, question], tools: [...offered] });
      const { error } = await play(agent.run(run));
      assert.is(error === undefined ? "" : messageOf(error), "");
      assert.equal(refused, []);
    });
    await fc.assert(holds, { seed, numRuns: 150 });
  });

histories("what does not fit into the context is left out, with the question kept", async ({ endpoint }) => {
  const bytesMax = 4_000;
  const refused: string[] = [];
  endpoint.otherwise(strict(refused, bytesMax));
  const models = [{ name: "small", contextWindow: 1_000 }];
  const agent = agentOf(endpoint, { models });
  const holds = fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (history) => {
    const run = runOf("and now?", { model: "small", messages: [...history, question], tools });
    const { error } = await play(agent.run(run));
    assert.is(error === undefined ? "" : messageOf(error), "");
    assert.match(JSON.stringify(endpoint.requests.at(-1)?.body.messages.at(-1)), "and now?");
  });
  await fc.assert(holds, { seed, numRuns: 100 });
  assert.equal(refused, []);
});

histories.run();
