// How OpenAI-compatible endpoints frame their streams in the wild: each of these is the same answer.
import * as assert from "uvu/assert";
import { chunk, data, end, http, say, stream } from "../../support/raw-endpoint.ts";
import { aiSdkSuite } from "./ai-sdk-fixture.ts";
import { found, type Row, wanted } from "./answers-fixture.ts";

const sdk = aiSdkSuite("ai-sdk streams");

const hel = say("Hel");
const lo = say("lo") + end();
const hello = { text: "Hello" };
const framing: Row[] = [
  [
    "comments, ids, retry and named events",
    stream(": OPENROUTER PROCESSING\n\n", "id: 1\nretry: 5\nevent: x\n", hel, lo),
    hello,
  ],
  [
    "CRLF, a BOM and split UTF-8",
    stream(
      "\ufeff",
      "data: ",
      Buffer.from(JSON.stringify(chunk({ content: "é" }))).subarray(0, 130),
      5,
      Buffer.from(JSON.stringify(chunk({ content: "é" }))).subarray(130),
      "\r\n\r\n",
      end().replaceAll("\n", "\r\n"),
    ),
    { text: "é" },
  ],
  ["CR alone", stream((hel + lo).replaceAll("\n", "\r")), hello],
  ["no space after the colon", stream((hel + lo).replaceAll("data: ", "data:")), hello],
  ["no empty line between the events", stream((hel + lo).replaceAll("\n\n", "\n")), hello],
  [
    "one event on several lines",
    stream(data(JSON.stringify(chunk({ content: "Hel" }), null, 1).replaceAll("\n", "\ndata: ")), lo),
    hello,
  ],
  ["no [DONE]", stream(hel, say("lo"), data(chunk({}, "stop"))), hello],
  ["no line end after the last event", stream(hel, say("lo"), data(chunk({}, "stop")).trim()), hello],
  ["[DONE] without a finish_reason", stream(hel, say("lo"), "data: [DONE]\n\n"), hello],
  ["[DONE], and the connection stays open", { ...stream(hel, lo), staysOpen: true }, hello],
  ["[DONE] without a line end, and it stays open", { ...stream(hel, lo.trimEnd(), "\n"), staysOpen: true }, hello],
  [
    "lines of JSON behind the first event",
    stream(data(chunk({ role: "assistant" })), `${JSON.stringify(chunk({ content: "Hel" }))}\n`, lo),
    hello,
  ],
  ["another content type", http(200, { "content-type": "application/json" }, hel, lo), hello],
  ["pings as events", stream("event: ping\n", data({ type: "ping" }), hel, "event: ping\ndata: \n\n", lo), hello],
  ["a word that is no JSON", stream("data: ping\n\n", hel, "data: ping\n\n", lo), hello],
];

for (const [name, answer, expected] of framing) {
  sdk(name, async () => assert.equal(await found(answer, expected), wanted(expected)));
}

sdk.run();
