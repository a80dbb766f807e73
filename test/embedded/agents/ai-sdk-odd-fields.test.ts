// Any field of a chunk may have any value: it never costs the text of the answer. The AI SDK's provider reads what
// comes out, without a socket, because there are hundreds of versions.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chunksOf } from "../../../src/embedded/agents/ai-sdk/answer-stream.ts";
import { chunk, data, end, say } from "../../support/raw-endpoint.ts";

const fields = suite("ai-sdk odd fields");

const call = {
  index: 0,
  id: "a",
  function: { name: "calculator", arguments: '{"expression":"1"}' },
  extra_content: {},
};
const details = { prompt_tokens_details: { cached_tokens: 1 }, completion_tokens_details: { reasoning_tokens: 1 } };
const words = {
  role: "assistant",
  content: "",
  refusal: null,
  reasoning_content: "hm",
  reasoning: "",
  tool_calls: [call],
};
const whole = {
  ...Object(chunk(words)),
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9, ...details },
};
const oddValues = [null, false, true, 0, 7.5, "", [], {}, [null], [[]], [7], { a: 1 }, { a: { b: [] } }];

/** Every version of the value in which one part of it is odd. */
function* odd(value: unknown, path: string): Generator<[path: string, value: unknown]> {
  for (const oddValue of oddValues) yield [`${path} = ${JSON.stringify(oddValue)}`, oddValue];
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    for (const [place, version] of odd(part, `${path}.${name}`)) {
      yield [place, Array.isArray(value) ? [version] : { ...value, [name]: version }];
    }
  }
}

async function* sse(text: string): AsyncGenerator<Uint8Array> {
  const ignore = (): void => {};
  const texts = (async function* () {
    yield text;
  })();
  for await (const json of chunksOf(texts, 10_000, { onFinish: ignore, onDone: ignore })) yield Buffer.from(data(json));
}

let body = "";
const answer = async (): Promise<Response> => new Response(ReadableStream.from(sse(body)));
const model = createOpenAICompatible({ name: "x", baseURL: "http://x/v1", fetch: answer }).chatModel("m");

async function readBySdk(): Promise<{ text: string; error: string }> {
  const { stream } = await model.doStream({ prompt: [{ role: "user", content: [{ type: "text", text: "hi" }] }] });
  const read = { text: "", error: "" };
  try {
    for await (const part of stream) {
      if (part.type === "text-delta") read.text += part.delta;
      if (part.type === "error") read.error = String(part.error);
    }
  } catch (error) {
    read.error = String(error);
  }
  return read;
}

fields("no field of another type costs the rest of the answer", async () => {
  const lost: string[] = [];
  let count = 0;
  for (const [place, version] of odd(whole, "chunk")) {
    count++;
    body = data(version) + say("Hello") + end();
    const { text, error } = await readBySdk();
    // A call without a name is the one thing that has no meaning.
    const nameless = /\.function( |\.name )/.test(place) && /function\.name/.test(error);
    if (!text.includes("Hello") || (error !== "" && !nameless)) lost.push(`${place}: ${text} ${error}`);
  }
  assert.equal(lost, []);
  assert.is(count, 403);
});

fields.run();
