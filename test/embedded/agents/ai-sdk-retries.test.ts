// When the AI SDK agent retries a request, how long it waits before a retry, and when it must not retry.
import * as assert from "uvu/assert";
import { calculatorTool } from "../../../src/embedded/tools/calculator.ts";
import { limits } from "../../../src/limits.ts";
import { SimulatedClock } from "../../support/clock.ts";
import {
  answer,
  callTools,
  cut,
  ending,
  hang,
  type OpenAiEndpoint,
  openAiEndpoint,
  refuse,
} from "../../support/openai-endpoint.ts";
import { agentOf, aiSdkSuite, apiKey, lines, quick, turn } from "./ai-sdk-fixture.ts";
import { codeOf, messageOf, ofType, type PlayOptions, play, runOf, textIn, within } from "./harness.ts";

const sdk = aiSdkSuite("ai-sdk retries");

/** The clock advances only for the pauses before retries. Each pause passes as soon as it has begun. */
const pausesPassing = (clock: SimulatedClock): PlayOptions => ({
  onEvent: (event) => {
    if (event.type === "provider-retry") setImmediate(() => clock.advance(event.delayMs));
  },
});

sdk("a 429, a 500 and a broken connection before the first token are retried", async ({ endpoint }) => {
  endpoint.reply(refuse(429, { message: "slow down", retryAfter: 0.05 }), refuse(500), cut, answer("at last"));
  const { events, result } = await turn(endpoint);
  const retries = ofType(events, "provider-retry");
  assert.equal(
    retries.map(({ attempt, delayMs, code }) => [attempt, delayMs, code]),
    [
      [0, 50, "429"],
      [1, 10, "500"],
      [2, 20, "UND_ERR_SOCKET"],
    ],
  );
  assert.is(retries[0]?.message, "The model endpoint answered 429: slow down");
  assert.is(textIn(events), "at last");
  assert.is(result?.reason, "stop");
  assert.is(endpoint.requests.length, 4);
  assert.match(lines.join("\n"), /agent: model call failed .*"code":"429"/);
});

sdk("a stream that breaks or reports an overload before its first token is retried", async ({ endpoint }) => {
  endpoint.reply(
    { stream: [{ raw: ": keep-alive\n\n" }, { delayMs: 5 }, { cut: true }] },
    { stream: [] },
    { stream: [{ error: { message: "Overloaded", code: 529 } }] },
    answer("at last"),
  );
  const { events } = await turn(endpoint);
  assert.equal(
    ofType(events, "provider-retry").map(({ code }) => code),
    ["UND_ERR_SOCKET", "incomplete", "529"],
  );
  assert.is(textIn(events), "at last");
});

sdk("each step has its own retries, and its timings are those of the successful attempt", async ({ endpoint }) => {
  endpoint.reply(
    refuse(503, { retryAfter: 0.3 }),
    callTools({ name: "calculator", arguments: { expression: "1" } }),
    refuse(503),
    answer("ok"),
  );
  const clock = new SimulatedClock();
  const { events } = await turn(endpoint, { run: { tools: [calculatorTool] }, clock, play: pausesPassing(clock) });
  assert.equal(
    ofType(events, "provider-retry").map(({ attempt, delayMs }) => [attempt, delayMs]),
    [
      [0, 300],
      [0, 5],
    ],
  );
  const [step] = ofType(events, "step-complete");
  assert.equal([step?.ttftMs, step?.genTotalMs], [0, 0], "the pause does not count");
});

sdk(
  "the pauses double up to their maximum, and after the last attempt the turn fails with the reason",
  async ({ endpoint }) => {
    endpoint.otherwise(refuse(500, { message: "out of order" }));
    const clock = new SimulatedClock();
    const { events, error, result } = await turn(endpoint, { clock, limits, play: pausesPassing(clock) });
    assert.equal(
      ofType(events, "provider-retry").map(({ delayMs }) => delayMs),
      [500, 1_000, 2_000, 4_000],
    );
    assert.is(messageOf(error), "The model endpoint answered 500: out of order (Tried 5 times.)");
    assert.is(codeOf(error), "provider-failed");
    assert.is(result, undefined);
    assert.is(endpoint.requests.length, 5);
    assert.is(clock.pending, 0);
    const capped = { ...limits, retryFirstDelayMs: 20_000 };
    const slow = await turn(endpoint, { clock, limits: capped, play: pausesPassing(clock) });
    assert.equal(
      ofType(slow.events, "provider-retry").map(({ delayMs }) => delayMs),
      [20_000, 30_000, 30_000, 30_000],
    );
  },
);

sdk("a Retry-After above the maximum pause fails the turn, and no early retry follows", async ({ endpoint }) => {
  endpoint.reply(refuse(429, { retryAfter: 120 }));
  const { events, error } = await turn(endpoint);
  assert.equal(events, []);
  assert.match(
    messageOf(error),
    /answered 429: status 429 \(It asks you to wait 120 s before you send the message again\.\)/,
  );
});

sdk("an error that a retry cannot fix fails at once", async ({ endpoint }) => {
  for (const status of [400, 401, 404]) {
    endpoint.reply(refuse(status, { message: `no ${apiKey}` }));
    const { events, error } = await turn(endpoint);
    assert.equal(events, []);
    assert.match(messageOf(error), new RegExp(`answered ${status}: no \\[API key\\]`));
    assert.is(codeOf(error), "provider-failed");
    assert.is(
      error instanceof Error ? error.cause : "none",
      undefined,
      "the logged error has no cause that quotes the key",
    );
  }
  endpoint.reply({ stream: [{ raw: "data: {not json\n\n" }, ...ending("stop")] });
  assert.match(messageOf((await turn(endpoint)).error), /sent something other than a chat completion stream/);
  endpoint.reply({ status: 200, headers: { "content-type": "text/html" }, body: "<html>a proxy</html>" });
  assert.match(messageOf((await turn(endpoint)).error), /did not send a chat completion, but a web page/);
});

sdk("if no server listens at the address, the error names the address", async ({ endpoint }) => {
  const { baseUrl } = endpoint;
  await endpoint.close();
  const { events, error } = await turn(endpoint, { limits: { ...quick, retriesMax: 1 } });
  assert.is(ofType(events, "provider-retry")[0]?.code, "ECONNREFUSED");
  const { host } = new URL(baseUrl);
  assert.is(
    messageOf(error),
    `The connection to the model endpoint at ${host} failed: connect ECONNREFUSED ${host} (Tried 2 times.)`,
  );
});

sdk("after the first token there is no retry: the text so far is kept, and the turn fails", async ({ endpoint }) => {
  const beginnings = [
    { text: "Once upon" },
    { reasoning: "hm" },
    { toolCall: { name: "calculator", arguments: { expression: "1" } } },
  ];
  for (const beginning of beginnings) {
    endpoint.reply({ stream: [beginning, { cut: true }] });
    const { events, error } = await turn(endpoint, { run: { tools: [calculatorTool] } });
    assert.equal(ofType(events, "provider-retry"), []);
    assert.is(codeOf(error), "provider-failed");
    assert.match(messageOf(error), /The connection to the model endpoint at .* failed/);
  }
  endpoint.reply({ stream: [{ text: "Once" }, { raw: "data: {oops\n\n" }] });
  const { events, error } = await turn(endpoint);
  assert.is(textIn(events), "Once");
  assert.match(messageOf(error), /other than a chat completion stream/);
  assert.is(endpoint.requests.length, 4);
});

async function abortedDuring(endpoint: OpenAiEndpoint, begun: (events: number) => boolean) {
  const controller = new AbortController();
  const reason = new Error("a person stopped it");
  const generator = agentOf(endpoint).run(runOf("hi", { model: "small", signal: controller.signal }));
  const playing = play(generator, {
    onEvent: () => {
      if (begun(endpoint.requests.length)) controller.abort(reason);
    },
  });
  const request = await endpoint.request(0);
  if (begun(0)) controller.abort(reason);
  const played = await within(playing);
  assert.is(played.error, reason);
  return { request, ...played };
}

sdk("an abort before the answer, or in the middle of it, aborts the HTTP request", async ({ endpoint }) => {
  endpoint.reply(hang);
  const before = await abortedDuring(endpoint, () => true);
  await within(before.request.ended);
  assert.ok(before.request.aborted);

  const second = await openAiEndpoint();
  second.reply({ stream: [{ text: "Hel" }, { hang: true }] });
  const middle = await abortedDuring(second, (requests) => requests > 0);
  assert.is(textIn(middle.events), "Hel");
  await within(middle.request.ended);
  assert.ok(middle.request.aborted);
  await second.close();
});

sdk("an abort during the pause before a retry ends the pause, and no request follows", async ({ endpoint }) => {
  endpoint.otherwise(refuse(503, { retryAfter: 0.4 }));
  const { events } = await abortedDuring(endpoint, (requests) => requests > 0);
  assert.is(events.length, 1);
  assert.is(endpoint.requests.length, 1);
});

sdk("a run that is aborted before it begins sends no request", async ({ endpoint }) => {
  const { error } = await turn(endpoint, { run: { signal: AbortSignal.abort(new Error("early")) } });
  assert.is(messageOf(error), "early");
  assert.is(endpoint.requests.length, 0);
});

sdk("a reader that returns early aborts the HTTP request", async ({ endpoint }) => {
  endpoint.reply({ stream: [{ text: "Hel" }, { hang: true }] });
  const clock = new SimulatedClock();
  const generator = agentOf(endpoint, { clock }).run(runOf("hi", { model: "small" }));
  await within(generator.next());
  await within(generator.return({ reason: "stop" }));
  const request = await endpoint.request(0);
  await within(request.ended);
  assert.ok(request.aborted);
  assert.is(clock.pending, 0);
});

sdk("a model that sends nothing for 600 s has failed, and its request is aborted", async ({ endpoint }) => {
  endpoint.reply({ stream: [{ text: "Hel" }, { hang: true }] });
  const clock = new SimulatedClock();
  const onEvent = (): void => {
    setImmediate(() => clock.advance(limits.modelSilenceMs));
  };
  const { events, error } = await turn(endpoint, { clock, limits, play: { onEvent } });
  assert.is(textIn(events), "Hel");
  assert.is(messageOf(error), "The model endpoint sent nothing for 600 s.");
  const request = await endpoint.request(0);
  await within(request.ended);
  assert.ok(request.aborted);
});

sdk.run();
