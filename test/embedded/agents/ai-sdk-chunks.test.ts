// Chunks of OpenAI-compatible endpoints outside the specification, and the answer that each of them means.
import * as assert from "uvu/assert";
import { chunk, data, end, say, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite } from "./ai-sdk-fixture.ts";
import { found, type Row, wanted } from "./answers-fixture.ts";

const sdk = aiSdkSuite("ai-sdk chunks");

const hel = say("Hel");
const lo = say("lo") + end();
const hello = { text: "Hello" };
const usage = { prompt_tokens: 7, completion_tokens: 2 };

const chunks: Row[] = [
  ["error: null", stream(data({ ...Object(chunk({ content: "Hel" })), error: null }), lo), hello],
  [
    'error: {} and error: ""',
    stream(data({ ...Object(chunk({ content: "Hel" })), error: {} }), data({ error: "" }), lo),
    hello,
  ],
  ["no choices", stream(data({ id: "x", model: "m" }), hel, data({ object: "status" }), lo), hello],
  [
    "choices: null, choices: [null], null",
    stream(data({ choices: null }), data({ choices: [null] }), "data: null\n\n", hel, lo),
    hello,
  ],
  ["delta: null", stream(data(chunk(null)), hel, say("lo"), data(chunk(null, "stop"))), hello],
  ["no delta at all", stream(data({ choices: [{ index: 0, finish_reason: null }] }), hel, lo), hello],
  [
    "another role, id and created",
    stream(data({ ...Object(chunk({ role: "model", content: "Hel" })), id: 7, created: "now" }), lo),
    hello,
  ],
  [
    "content as a list of parts",
    stream(say([{ type: "text", text: "Hel" }]), say(["l", { type: "output_text", text: "o" }]), end()),
    hello,
  ],
  ["content as one part, a number as content", stream(say({ type: "text", text: "Hel" }), say(7), lo), hello],
  [
    "thinking as a part, as Mistral sends it",
    stream(say([{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }]), hel, lo),
    { ...hello, thinking: "hm" },
  ],
  [
    "reasoning under two names",
    stream(data(chunk({ reasoning: "hm", reasoning_content: "hm" })), hel, lo),
    { ...hello, thinking: "hm" },
  ],
  [
    "reasoning beside an empty reasoning_content",
    stream(data(chunk({ reasoning_content: "", reasoning: "hm" })), hel, lo),
    { ...hello, thinking: "hm" },
  ],
  ["reasoning as an object", stream(data(chunk({ reasoning: { x: 1 }, content: "Hel" })), lo), hello],
  [
    "reasoning_details alone",
    stream(data(chunk({ reasoning_details: [{ type: "reasoning.text", text: "hm" }] })), hel, lo),
    { ...hello, thinking: "hm" },
  ],
  [
    'finish_reason "" and "null" in each chunk',
    stream(data(chunk({ content: "Hel" }, "")), data(chunk({ content: "lo" }, "null")), end()),
    hello,
  ],
  ["finish_reason as a number", stream(data(chunk({ content: "Hel" }, 0)), lo), hello],
  [
    'a last "" after the reason',
    stream(hel, say("lo"), data(chunk({}, "stop")), data(chunk({}, "")), "data: [DONE]\n\n"),
    hello,
  ],
  [
    "message instead of delta",
    stream(data({ choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] })),
    hello,
  ],
  [
    "a last message that repeats the deltas",
    stream(hel, say("lo"), data({ choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] })),
    hello,
  ],
  ["text instead of delta", stream(data({ choices: [{ text: "Hello", finish_reason: "stop" }] })), hello],
  ["usage of strings", stream(hel, data({ choices: [], usage: { prompt_tokens: "7" } }), lo), hello],
  [
    "usage without choices",
    stream(hel, lo.replace("data: [DONE]\n\n", ""), data({ usage }), "data: [DONE]\n\n"),
    { ...hello, usage: [7, 2] },
  ],
  [
    "usage under x_groq",
    stream(hel, say("lo"), data({ ...Object(chunk({}, "stop")), x_groq: { usage } })),
    { ...hello, usage: [7, 2] },
  ],
];

for (const [name, answer, expected] of chunks) {
  sdk(name, async () => assert.equal(await found(answer, expected), wanted(expected)));
}

sdk.run();
