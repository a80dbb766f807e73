// Any field of a chunk may have any value: it never costs the text of the answer.
import * as assert from "uvu/assert";
import { chunk, data, end, say, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite } from "./ai-sdk-fixture.ts";
import { outcome } from "./answers-fixture.ts";

const sdk = aiSdkSuite("ai-sdk odd fields");

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

sdk("no field of another type costs the rest of the answer", async () => {
  const lost: string[] = [];
  let count = 0;
  for (const [place, version] of odd(whole, "chunk")) {
    count++;
    const { text, ends } = await outcome(stream(data(version), say("Hello"), end()), true);
    // A call without a name is the one thing that has no meaning.
    if (/\.function( |\.name )/.test(place) && /called a tool without/.test(ends) && text === "Hello") continue;
    if (ends !== "stop" || !text.includes("Hello")) lost.push(`${place}: ${text} ${ends}`);
  }
  assert.equal(lost, []);
  assert.ok(count > 300, `${count} versions`);
});

sdk.run();
