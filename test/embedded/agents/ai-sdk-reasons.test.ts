// An endpoint's refusal reaches people in the endpoint's own sentence, whatever its shape, and never with the key.
import * as assert from "uvu/assert";
import { refuse } from "../../support/openai-endpoint.ts";
import { chunk, data, end, http, json, say, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite, apiKey, turn } from "./ai-sdk-fixture.ts";
import { found, type Row, wanted } from "./answers-fixture.ts";
import { messageOf } from "./harness.ts";

const sdk = aiSdkSuite("ai-sdk reasons");

const own = { ends: /The model endpoint answered 400: no such model \[API key\]$/ };
const sentence = `no such model ${apiKey}`;
const nested = JSON.stringify({ error: { message: sentence } });

const refusals: Row[] = [
  ["OpenAI's shape", json(400, { error: { message: sentence, type: "x", code: null } }), own],
  ["a flat message, as vLLM sends it", json(400, { object: "error", message: sentence, code: 400 }), own],
  ["detail as text, as FastAPI sends it", json(400, { detail: sentence }), own],
  [
    "detail as a list of faults",
    json(422, {
      detail: [
        { loc: ["body", "tools"], msg: "Extra inputs", type: "extra" },
        { loc: [], msg: "and more" },
      ],
    }),
    { ends: /answered 422: body\.tools: Extra inputs; and more$/ },
  ],
  ["error as text, as Ollama sends it", json(400, { error: sentence }), own],
  ["error as a list", json(400, { error: [sentence, sentence] }), own],
  ["a list around the error, as Gemini sends it", json(400, [{ error: { code: 400, message: sentence } }]), own],
  ["a message that is an object, as Mistral sends it", json(400, { message: { detail: [{ msg: sentence }] } }), own],
  ["JSON within the message", json(400, { error: { message: nested } }), own],
  [
    "the provider's own words in metadata.raw, as OpenRouter sends them",
    json(400, { error: { message: "Provider returned error", metadata: { raw: nested } } }),
    { ends: /answered 400: Provider returned error: no such model \[API key\]$/ },
  ],
  ["errors, as Cloudflare sends them", json(400, { success: false, errors: [{ code: 7, message: sentence }] }), own],
  ["a problem document", json(400, { type: "about:blank", title: "Bad Request", status: 400, detail: sentence }), own],
  ["plain text", http(400, { "content-type": "text/plain" }, `${sentence}\n`), own],
  ["JSON under another content type", http(400, { "content-type": "text/html" }, nested), own],
  [
    "a web page",
    http(404, { "content-type": "text/html" }, "<html>x</html>"),
    { ends: /answered 404: Status \(Check/ },
  ],
  ["an empty body", http(403, {}), { ends: /answered 403: Status \(Check the API key\.\)$/ }],
  ["JSON without a sentence", json(400, { ok: false }), { ends: /answered 400: \{"ok":false\}$/ }],
  [
    "a body that breaks off keeps its status",
    http(400, { "content-length": "999" }, "no such"),
    { ends: /answered 400: no such$/ },
  ],
  ["a busy server is asked again", json(503, { detail: "loading" }), { ends: /503: loading \(Tried 2/, requests: 2 }],
];

const answered = { ends: /^The model endpoint answered with an error: no such model \[API key\]$/ };
const told = { text: "Hel", ...answered };
const hel = say("Hel");

const within: Row[] = [
  ["an error object in the stream", stream(hel, data({ error: { message: sentence } }, "[DONE]")), told],
  ["an error as text in the stream", stream(hel, data({ error: sentence })), told],
  ["a flat error in the stream", stream(hel, data({ object: "error", message: sentence }, "[DONE]")), told],
  ["an event of type error", stream(hel, "event: error\n", data({ message: sentence })), told],
  ["an event of type error with plain text", stream(hel, `event: error\ndata: ${sentence}\n\n`), told],
  [
    "a field named error, as llama.cpp sends it",
    stream(hel, `error: {"code":500,"message":"${sentence}"}\n\n`),
    {
      text: "Hel",
      ends: /The model endpoint answered 500: no such model \[API key\]$/,
    },
  ],
  ["a line of JSON behind the stream", stream(hel, `${nested}\n`), told],
  ["detail in the stream", stream(hel, data({ detail: sentence })), told],
  [
    "an error beside an empty choice, as OpenRouter sends it",
    stream(hel, data({ ...Object(chunk({ content: "" }, "error")), error: { code: 502, message: sentence } })),
    { text: "Hel", ends: /The model endpoint answered 502: no such model \[API key\]$/ },
  ],
  [
    "an error within the choice",
    stream(hel, data({ choices: [{ delta: {}, finish_reason: "error", error: { message: sentence } }] })),
    told,
  ],
  ["an error, and the connection stays open", { ...stream(hel, data({ error: sentence })), staysOpen: true }, told],
  [
    "an overload before the first word is asked again",
    stream(data({ error: { message: "busy", code: 529 } }), end()),
    { ends: /answered 529: busy \(Tried 2/, requests: 2 },
  ],
];

for (const [name, answer, expected] of [...refusals, ...within]) {
  sdk(name, async () => assert.equal(await found(answer, expected), wanted(expected)));
}

sdk("keys in headers and in the query are masked too, other values are not", async ({ endpoint }) => {
  endpoint.reply(refuse(401, { message: "no: hdr-secret-1, tok-secret-2, qry-secret-3, version 2024-10-21" }));
  const { error } = await turn(endpoint, {
    headers: { "api-key": "hdr-secret-1", Authorization: "Bearer tok-secret-2" },
    baseUrl: `${endpoint.baseUrl}?key=qry-secret-3&api-version=2024-10-21`,
  });
  const masked = "no: [API key], [API key], [API key], version 2024-10-21";
  assert.is(messageOf(error), `The model endpoint answered 401: ${masked} (Check the API key.)`);
});

sdk.run();
