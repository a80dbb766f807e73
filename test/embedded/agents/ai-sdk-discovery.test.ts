// The list of an endpoint's models, as real ones give it, and what becomes of it when they do not answer.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Discovery } from "../../../src/embedded/agents/ai-sdk/discovery.ts";
import { SimulatedClock } from "../../support/clock.ts";

const test = suite("ai-sdk: discovery");

/** @param answer how each request is answered, in order; the last one again and again. */
async function withEndpoint(
  answers: ((response: ServerResponse) => void)[],
  run: (
    discovery: Discovery,
    clock: SimulatedClock,
    seen: { paths: string[]; keys: unknown[]; failures: string[] },
  ) => Promise<void>,
): Promise<void> {
  const seen = { paths: [] as string[], keys: [] as unknown[], failures: [] as string[] };
  const server = createServer((request, response) => {
    seen.paths.push(request.url ?? "");
    seen.keys.push(request.headers.authorization);
    answers[Math.min(seen.paths.length, answers.length) - 1]?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const clock = new SimulatedClock();
  const discovery = new Discovery({
    ...{ baseUrl: `http://127.0.0.1:${port}/v1/?v=2`, headers: { authorization: "Bearer k" }, clock },
    onFailure: (sentence) => seen.failures.push(sentence.replace(/127\.0\.0\.1:\d+/, "HOST")),
  });
  try {
    await run(discovery, clock, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const json = (value: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(value));

test("models as Ollama, vLLM, llama.cpp and OpenRouter list them, without those for embeddings", async () => {
  const data = [
    { id: "qwen3:8b", object: "model", owned_by: "library" },
    { id: "nomic-embed-text:latest" },
    { id: "meta/llama", max_model_len: 8_192 },
    { id: "gguf", meta: { n_ctx_train: 4_096 } },
    { id: "a/b", context_length: 200_000, architecture: { input_modalities: ["text", "image"] } },
    { id: "c", context_length: null, architecture: "odd" },
  ];
  await withEndpoint([json({ object: "list", data })], async (discovery, _clock, seen) => {
    await discovery.refresh();
    assert.equal(discovery.list(), [
      { name: "qwen3:8b" },
      { name: "meta/llama", contextWindow: 8_192 },
      { name: "gguf", contextWindow: 4_096 },
      { name: "a/b", contextWindow: 200_000, vision: true },
      { name: "c" },
    ]);
    assert.equal([seen.paths, seen.keys, seen.failures], [["/v1/models?v=2"], ["Bearer k"], []]);
  });
});

test("a list older than five minutes is asked for again when somebody looks; a failure changes nothing", async () => {
  const broken = (response: ServerResponse) => void response.writeHead(503).end();
  await withEndpoint([json({ data: [{ id: "one" }] }), broken], async (discovery, clock, seen) => {
    await discovery.refresh();
    clock.advance(4 * 60_000);
    discovery.list();
    assert.is(seen.paths.length, 1);
    clock.advance(2 * 60_000);
    assert.equal(discovery.list(), [{ name: "one" }]);
    await discovery.refresh();
    assert.equal(discovery.list(), [{ name: "one" }]);
    assert.ok(seen.failures.includes("the models of HOST could not be listed: it answered 503"), seen.failures.join());
  });
});

for (const [what, answer, says] of [
  ["HTML", (response: ServerResponse) => void response.end("<html>"), /its answer is no list of models/],
  ["something else", json({ models: [] }), /its answer is no list of models/],
  ["a redirect", (response: ServerResponse) => void response.writeHead(307, { location: "/x" }).end(), /redirect/],
  ["a cut", (response: ServerResponse) => void response.destroy(), /other side closed|ECONNRESET|socket/],
  ["9 MiB", (response: ServerResponse) => void response.end(" ".repeat(9 * 1024 * 1024)), /larger than 8 MiB/],
] as const)
  test(`${what} is a sentence, and no list`, () =>
    withEndpoint([answer], async (discovery, _clock, seen) => {
      await discovery.refresh();
      assert.match(seen.failures.join(), says);
      assert.equal(discovery.list(), []);
    }));

test("an endpoint that does not answer is given up after five seconds", () =>
  withEndpoint([() => {}], async (discovery, clock, seen) => {
    const asking = discovery.refresh();
    while (seen.paths.length === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(5_000);
    await asking;
    assert.match(seen.failures.join(), /no answer within 5 s/);
    assert.is(clock.pending, 0);
  }));

test.run();
