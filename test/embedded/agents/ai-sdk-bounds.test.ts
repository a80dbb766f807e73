// What an endpoint may do to a turn: how much it may send, how long it may be silent, and where it may not send us.
import * as assert from "uvu/assert";
import { chunk, data, end, http, json, type Piece, rawEndpoint, say, stream } from "../../support/raw-endpoint.ts";
import { agentOf, aiSdkSuite } from "./ai-sdk-fixture.ts";
import { found, outcome, type Row, wanted } from "./answers-fixture.ts";
import { messageOf, play, runOf, textIn, within } from "./harness.ts";

const sdk = aiSdkSuite("ai-sdk bounds");

const KiB = 1024;
const limits = { modelAnswerBytesMax: 64 * KiB, modelPartCharactersMax: 8 * KiB, modelRefusalBytesMax: 2 * KiB };
const part = /^A part of the model endpoint's answer is longer than 8192 characters\.$/;
const long = "x".repeat(10 * KiB);
const argumentsOf = (text: string): string =>
  data(chunk({ tool_calls: [{ index: 0, id: "a", function: { name: "calculator", arguments: text } }] }));
const many = (piece: string): Piece[] => Array.from({ length: 100 }, () => piece);

const budgets: Row[] = [
  ["a line that never ends", { ...stream(say("Hel"), "data: ", long), staysOpen: true }, { text: "Hel", ends: part }],
  [
    "an event on many lines",
    { ...stream(say("Hel"), ...many(`data: ${"x".repeat(200)}\n`)), staysOpen: true },
    { text: "Hel", ends: part },
  ],
  ["one large chunk", stream(say(long), end()), { ends: part }],
  ["a large document on many lines", json(200, `{${"\n".repeat(9 * KiB)}`), { ends: part }],
  ["tool arguments in many pieces", stream(...many(argumentsOf("x".repeat(200))), end()), { ends: part }],
  [
    "an answer without end",
    { ...stream(say("Hel"), ...many(`: ${"x".repeat(KiB)}\n`)), staysOpen: true },
    { text: "Hel", ends: /^The model endpoint's answer is larger than 65536 bytes\.$/ },
  ],
  [
    "a refusal without end keeps its status",
    { ...http(400, {}, "no room ", ...many(long)), staysOpen: true },
    { ends: /The model endpoint answered 400: no room x{400,500} …$/ },
  ],
];

for (const [name, answer, expected] of budgets) {
  sdk(name, async () => assert.equal(await found(answer, expected, { limits }), wanted(expected)));
}

sdk("a redirect is refused with its target, and the conversation is not sent there", async () => {
  const target = await rawEndpoint(() => stream(say("stolen"), end()));
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `${target.baseUrl}/chat/completions?session=secret`;
    const { ends, requests } = await outcome(http(status, { location }, "moved"), false);
    assert.is(
      ends,
      `The model endpoint redirects to ${target.baseUrl}/chat/completions. The conversation is not sent there. ` +
        "If that is the right endpoint, change the base URL.",
    );
    assert.is(requests, 1);
  }
  assert.match((await outcome(http(304, {}), false)).ends, /^The model endpoint redirects\. /);
  assert.is(target.connections, 0);
  await target.close();
});

const globalDispatcher = Symbol.for("undici.globalDispatcher.1");

/** Fetch gives up after this silence, as after 300 s by default, unless a request asks it to wait. */
async function withImpatientFetch(silenceMs: number, run: () => Promise<void>): Promise<void> {
  await fetch("data:,");
  const real = Reflect.get(globalThis, globalDispatcher);
  const dispatch = (options: object, handler: unknown): unknown =>
    real.dispatch({ headersTimeout: silenceMs, bodyTimeout: silenceMs, ...options }, handler);
  Reflect.set(globalThis, globalDispatcher, { dispatch });
  try {
    await run();
  } finally {
    Reflect.set(globalThis, globalDispatcher, real);
  }
}

sdk("a silence that Node's fetch would not bear is borne, before the answer and within", async () => {
  const late = { pieces: [2_200, ...stream(say("Hel"), 2_200, say("lo"), end()).pieces] };
  await withImpatientFetch(500, async () => {
    const plain = await rawEndpoint(() => late);
    const [cut, found] = await Promise.all([
      fetch(plain.baseUrl, { method: "POST", body: "" }).then(
        () => "answered",
        (error: Error) => error.cause,
      ),
      outcome(late, false),
    ]);
    assert.is(Reflect.get(Object(cut), "code"), "UND_ERR_HEADERS_TIMEOUT");
    assert.equal([found.text, found.ends, found.requests], ["Hello", "stop", 1]);
    await plain.close();
  });
});

sdk("comments of the stream are signs of life, and only our own limit ends the silence", async () => {
  const pings = Array.from({ length: 8 }, (): Piece[] => [250, ": ping\n\n"]).flat();
  const alive = await outcome(stream(...pings, say("Hello"), end()), false, { limits: { modelSilenceMs: 1_500 } });
  assert.equal([alive.text, alive.ends], ["Hello", "stop"]);
  const silent = { ...stream(say("Hel")), staysOpen: true };
  const dead = await outcome(silent, false, { limits: { modelSilenceMs: 200 } });
  assert.equal([dead.text, dead.ends], ["Hel", "The model endpoint sent nothing for 0.2 s."]);
  const unanswered = await outcome({ pieces: [], staysOpen: true }, false, { limits: { modelSilenceMs: 200 } });
  assert.equal([unanswered.ends, unanswered.requests], ["The model endpoint sent nothing for 0.2 s.", 1]);
});

sdk("an answer with a finish_reason ends, though no [DONE] comes and the connection stays open", async () => {
  const open = { ...stream(say("Hello"), data(chunk({}, "stop"))), staysOpen: true };
  const { text, ends, requests } = await outcome(open, false);
  assert.equal([text, ends, requests], ["Hello", "stop", 1]);
});

const turns = async (agent: ReturnType<typeof agentOf>): Promise<void> => {
  for (const _ of [1, 2, 3, 4]) {
    const played = await play(agent.run(runOf("hi", { model: "small" })));
    assert.is(textIn(played.events), "Hello", messageOf(played.error));
  }
};

sdk("the connection of a complete answer serves the next request; one that stays open is cut", async ({ endpoint }) => {
  const body = say("Hello") + end();
  const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  const whole = `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const tidy = await rawEndpoint(() => ({ pieces: [whole], staysOpen: true }));
  await turns(agentOf({ ...endpoint, baseUrl: tidy.baseUrl }));
  assert.ok(tidy.connections < tidy.requests, `${tidy.connections} connections`);
  await tidy.close();
  const open = await rawEndpoint(() => ({ ...stream(body), staysOpen: true }));
  await turns(agentOf({ ...endpoint, baseUrl: open.baseUrl }));
  await within(open.disconnected);
  await open.close();
});

sdk.run();
