// Status 200 without a stream: a whole completion is the answer, an error is told, anything else hints at the base URL.
// None of it is asked twice.
import * as assert from "uvu/assert";
import { data, end, http, json, say, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite, apiKey } from "./ai-sdk-fixture.ts";
import { found, type Row, wanted } from "./answers-fixture.ts";

const sdk = aiSdkSuite("ai-sdk documents");

const completion = (message: object, finish_reason: string | null = "stop") => ({
  id: "x",
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }],
  usage: { prompt_tokens: 7, completion_tokens: 2 },
});
const call = (args: unknown, id = "call_1") => ({
  id,
  type: "function",
  function: { name: "calculator", arguments: args },
});
const hello = { text: "Hello" };
const html = { "content-type": "text/html" };
const hint = /did not send a chat completion, but a web page\. \(Check the base URL; most end in \/v1\.\)$/;
const refused = { ends: /^The model endpoint answered with an error: no such model \[API key\]$/ };
const sentence = `no such model ${apiKey}`;

const rows: Row[] = [
  ["a whole completion", json(200, completion({ content: "Hello" })), { ...hello, usage: [7, 2] }],
  ["indented, behind spaces", json(200, `\n  ${JSON.stringify(completion({ content: "Hello" }), null, 2)}\n`), hello],
  ["with reasoning", json(200, completion({ content: "Hello", reasoning: "hm" })), { ...hello, thinking: "hm" }],
  ["without a finish_reason", json(200, completion({ content: "Hello" }, null)), hello],
  ["cut at the output limit", json(200, completion({ content: "Hello" }, "length")), { ...hello, ends: "length" }],
  ["with think tags", json(200, completion({ content: "<think>hm</think>Hello" })), { ...hello, thinking: "hm" }],
  ["called a stream", stream(JSON.stringify(completion({ content: "Hello" }))), hello],
  ["behind comments that keep it alive", stream(": ping\n\n", JSON.stringify(completion({ content: "Hello" }))), hello],
  [
    "with two calls without index",
    json(
      200,
      completion({ tool_calls: [call('{"expression":"1"}'), call({ expression: "2" }, "call_2")] }, "tool_calls"),
    ),
    {
      calls: [
        ["calculator", { expression: "1" }],
        ["calculator", { expression: "2" }],
      ],
    },
  ],
  ["an error of OpenAI's shape", json(200, { error: { message: sentence, code: 429 } }), refused],
  ["an error in a list", json(200, [{ error: { message: sentence } }]), refused],
  ["a flat error", json(200, { code: 404, message: sentence }), refused],
  [
    "an error of status_msg, as MiniMax sends it",
    json(200, { choices: null, base_resp: { status_code: 1004, status_msg: sentence } }),
    refused,
  ],
  ["a web page", http(200, html, "<!DOCTYPE html>\n<html><body>Log in</body></html>"), { ends: hint }],
  ["a web page behind empty lines", http(200, html, "\n\n  <html></html>"), { ends: hint }],
  ["a web page, and the connection stays open", { ...http(200, html, "<html>\n"), staysOpen: true }, { ends: hint }],
  ["plain text", http(200, {}, "Ollama is running"), { ends: /but "Ollama is running"\. \(Check the base URL/ }],
  ["other JSON", json(200, { models: [] }), { ends: /but "\{"models":\[\]\}"\. \(Check the base URL/ }],
  ["broken JSON", json(200, '{"choices": ['), { ends: /but "\{"choices": \["\. \(Check the base URL/ }],
  ["words that are no chunk", stream(data("upstream failed"), "data: [DONE]\n\n"), { ends: /but "upstream failed"/ }],
  [
    "words behind an answer",
    stream(say("Hel"), data("upstream failed")),
    { text: "Hel", ends: /but "upstream failed"/ },
  ],
  ["words behind the end", stream(say("Hello"), end(), "x"), hello],
  ["an empty body is asked again", http(200, {}), { ends: /without saying why .*\(Tried 2/, requests: 2 }],
  [
    "a stream of nothing is asked again",
    stream("data: [DONE]\n\n"),
    { ends: /without saying why .*Tried 2/, requests: 2 },
  ],
];

for (const [name, answer, expected] of rows) {
  sdk(name, async () => assert.equal(await found(answer, expected), wanted(expected)));
}

sdk.run();
