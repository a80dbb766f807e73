// How an answer ends: only a success looks like one, an empty answer says so, and reasoning in <think> tags is told
// apart.
import * as assert from "uvu/assert";
import { ThinkTags } from "../../../src/embedded/agents/ai-sdk/think-tags.ts";
import { chunk, data, end, say, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite } from "./ai-sdk-fixture.ts";
import { type Expected, found, outcome, type Row, wanted } from "./answers-fixture.ts";

const sdk = aiSdkSuite("ai-sdk endings");

const ending = (reason: string, ends: Expected["ends"] = "stop"): Row => [
  `finish_reason ${reason}`,
  stream(say("Hello"), end(reason)),
  { text: "Hello", ends },
];
const brokenOff = (reason: string): Row =>
  ending(reason, new RegExp(`broke off its answer \\(finish_reason "${reason}"\\)`));
const withheld = /withheld the rest of the answer/;

const endings: Row[] = [
  ...["stop", "tool_calls", "function_call", "eos", "eos_token", "stop_sequence", "end_turn", "STOP", "COMPLETE"].map(
    (reason) => ending(reason),
  ),
  ...["length", "max_tokens", "MAX_TOKENS", "model_length", "model_context_window_exceeded"].map((reason) =>
    ending(reason, "length"),
  ),
  ...["content_filter", "content_filter: PROHIBITED_CONTENT", "SAFETY", "sensitive"].map((reason) =>
    ending(reason, withheld),
  ),
  // Mistral, DeepSeek, vLLM, GLM, Anthropic, Gemini and Ollama.
  ...[
    "error",
    "insufficient_system_resource",
    "abort",
    "network_error",
    "refusal",
    "MALFORMED_FUNCTION_CALL",
    "unload",
  ].map(brokenOff),
];

const empty = { ends: /^The model ended its answer without saying anything\.$/ };

const silences: Row[] = [
  ["nothing but an end", stream(end()), empty],
  ["white space", stream(say("\n "), end()), { ...empty, text: "\n " }],
  ["tool_calls without a call", stream(end("tool_calls")), empty],
  ["reasoning alone", stream(data(chunk({ reasoning_content: "hm" })), end()), { ...empty, thinking: "hm" }],
  [
    "reasoning up to the output limit",
    stream(data(chunk({ reasoning_content: "hm" })), end("length")),
    { thinking: "hm", ends: "length" },
  ],
  ["think tags that are never closed", stream(say("<think>hm"), end()), { ...empty, thinking: "hm" }],
];

const thinking: Row[] = [
  [
    "think tags",
    stream(say("<think>\nhm\n\nso"), say("\n</think>\n\nHello"), end()),
    { text: "Hello", thinking: "hm\n\nso\n" },
  ],
  ["empty think tags", stream(say("<think>\n\n</think>\n\nHello"), end()), { text: "Hello" }],
  ["think tags within the answer", stream(say("Use <think>x</think>"), end()), { text: "Use <think>x</think>" }],
  [
    "a second pair",
    stream(say("<think>a</think>b<think>c</think>"), end()),
    { text: "b<think>c</think>", thinking: "a" },
  ],
  ["the beginning of a tag that is none", stream(say("<th"), say("at>"), end()), { text: "<that>" }],
  ["a text that ends like a tag", stream(say("<think>a</th"), end("length")), { thinking: "a</th", ends: "length" }],
  ["one that is only the beginning of a tag", stream(say("<thi"), end()), { text: "<thi" }],
];

for (const [name, answer, expected] of [...endings, ...silences, ...thinking]) {
  sdk(name, async () => assert.equal(await found(answer, expected), wanted(expected)));
}

sdk("think tags are found wherever the text is split", () => {
  const whole = " <think>\n a < b </thin \n\nc</think>\n d </think> ";
  for (let size = 1; size <= whole.length; size++) {
    const tags = new ThinkTags(true);
    const deltas: { type: string; delta: string }[] = [];
    for (let at = 0; at < whole.length; at += size) deltas.push(...tags.take(whole.slice(at, at + size)));
    deltas.push(...tags.end());
    const of = (wanted: string) => deltas.flatMap(({ type, delta }) => (type === wanted ? [delta] : [])).join("");
    assert.equal([of("reasoning-delta"), of("text-delta")], ["a < b </thin \n\nc", "d </think> "], `size ${size}`);
  }
});

sdk("a model without think tags keeps them in its text", async () => {
  const answer = stream(say("<think>x</think>y"), end());
  assert.is((await outcome(answer, false, { model: { thinkTags: false } })).text, "<think>x</think>y");
});

sdk("after a tool, silence ends the turn only where something was said before", async () => {
  const call = { index: 0, id: "a", function: { name: "calculator", arguments: '{"expression":"1"}' } };
  const calling = (content: string) => stream(data(chunk({ content, tool_calls: [call] })), end("tool_calls"));
  const silent = stream(end());
  assert.match((await outcome(calling(""), true, { second: silent })).ends, empty.ends);
  assert.is((await outcome(calling("Let me see."), true, { second: silent })).ends, "stop");
});

sdk.run();
