// The demo models: what each answers, and the errors for prompts that they cannot play.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scriptDelta } from "../../../src/embedded/agents/demo/script.ts";
import { lastUserText, wordDelayMs, wordPausesMax, wordsOf } from "../../../src/embedded/agents/demo/speech.ts";
import { expressionIn } from "../../../src/embedded/agents/demo/tools.ts";
import { createDemoAgent } from "../../../src/embedded/agents/demo.ts";
import { limits } from "../../../src/limits.ts";
import type { AgentRun } from "../../../src/ports/agent.ts";
import { SimulatedClock } from "../../support/clock.ts";
import { systemClock } from "../../support/system-clock.ts";
import { codeOf, messageOf, nextEvent, ofType, type PlayOptions, play, runOf, textIn, within } from "./harness.ts";

const demo = suite("demo agent");

async function playDemo(model: string, text: string, change: Partial<AgentRun> = {}, options: PlayOptions = {}) {
  const clock = new SimulatedClock();
  const played = await play(createDemoAgent(clock, limits).run(runOf(text, { model, ...change })), {
    clock,
    ...options,
  });
  return { ...played, clock };
}

const playScript = (script: unknown, change: Partial<AgentRun> = {}, options: PlayOptions = {}) =>
  playDemo("script", typeof script === "string" ? script : JSON.stringify(script), change, options);

demo("lists its three models and refuses any other", async () => {
  const agent = createDemoAgent(systemClock, limits);
  assert.is(agent.provider, "demo");
  assert.equal(
    agent.models().map(({ name }) => name),
    ["echo", "tools", "script"],
  );
  const { error } = await playDemo("nope", "hi");
  assert.match(messageOf(error), /no model demo\/nope\. The demo models are: demo\/echo, demo\/tools, demo\/script\./);
  assert.is(codeOf(error), "unknown-model");
});

demo("echo repeats the prompt exactly, word by word", async () => {
  for (const text of ["one two  three\nfour ", "  leading", "word", " \n ", "😀 é\u2003x", "a".repeat(5_000)]) {
    const { events, result } = await playDemo("echo", text);
    assert.is(textIn(events), text);
    assert.equal(
      ofType(events, "text-delta").map(({ delta }) => delta),
      wordsOf(text),
    );
    assert.is(result?.reason, "stop");
  }
  assert.equal(wordsOf("one two  three"), ["one ", "two  ", "three"]);
  assert.equal(
    (await playDemo("echo", "")).events.map(({ type }) => type),
    ["usage", "step-complete"],
  );
});

demo("echo pauses between words, counts words and ends its step with timings", async () => {
  const { events, result, clock } = await playDemo("echo", "one two three four", {}, { stepMs: 1 });
  assert.is(clock.now(), 3 * wordDelayMs);
  const [usage] = ofType(events, "usage");
  assert.equal(usage?.usage, { inputTokens: 4, outputTokens: 4 });
  assert.equal(events.at(-1), {
    type: "step-complete",
    stepId: usage?.stepId ?? "none",
    ttftMs: 0,
    decodeMs: 90,
    genTotalMs: 90,
  });
  assert.is(result?.contextSize, 8);
  assert.is(clock.pending, 0);
});

demo("the total pause of a long echo is bounded", async () => {
  const text = "word ".repeat(10_000);
  const { events, clock } = await playDemo("echo", text, {}, { stepMs: wordDelayMs });
  assert.is(textIn(events), text);
  assert.ok(clock.now() <= wordPausesMax * wordDelayMs);
});

demo("an abort ends an echo in the middle of a pause and leaves no timer", async () => {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const agent = createDemoAgent(clock, limits);
  const generator = agent.run(runOf("one two", { model: "echo", signal: controller.signal }));
  await within(generator.next());
  const next = generator.next();
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Error("enough"));
  assert.is(messageOf(await within(next.catch((error: unknown) => error))), "enough");
  assert.is(clock.pending, 0);
});

demo("the prompt is the newest text of the last user message", () => {
  assert.is(lastUserText([]), "");
  const text = (value: string) => ({ type: "text", text: value }) as const;
  assert.is(
    lastUserText([
      { role: "user", chunks: [text("old")] },
      { role: "user", chunks: [text("first"), text("new"), { type: "image", url: "https://x.example/i.png" }] },
      { role: "assistant", chunks: [text("answer")] },
    ]),
    "new",
  );
  assert.is(lastUserText([{ role: "user", chunks: [{ type: "image", url: "x" }] }]), "");
});

demo("the tools model calls the clock and the calculator, then answers with their results", async () => {
  const { events, result } = await playDemo("tools", "What is 2 * (3 + 4)? And what time is it?");
  assert.equal(
    ofType(events, "tool-call").map(({ toolName, input }) => [toolName, input]),
    [
      ["clock", {}],
      ["calculator", { expression: "2 * (3 + 4)" }],
    ],
  );
  const [time, value] = ofType(events, "tool-result");
  assert.match(time?.content ?? "", /^2023-11-14T22:13:20\.\d+Z \(Tuesday,? 14 November 2023/);
  assert.is(value?.content, "14");
  assert.is(textIn(events), `It is ${time?.content}. 2 * (3 + 4) = 14.`);
  assert.is(ofType(events, "step-complete").length, 2);
  assert.is(ofType(events, "usage").length, 2);
  assert.is(result?.reason, "stop");
});

demo("the tools model reports a tool error and the steering texts", async () => {
  const texts = ["be brief"];
  const { events } = await playDemo("tools", "1 / 0", { drainSteering: () => texts.shift() });
  assert.is(ofType(events, "tool-result")[1]?.isError, true);
  assert.match(
    textIn(events),
    /The calculator could not help: calculator: division by zero\. You also said: be brief$/,
  );
});

demo("the tools model prefers an embedder's tool of the same name", async () => {
  const clock = { name: "clock", description: "c", inputSchema: { type: "object" }, run: () => "teatime" };
  const { events } = await playDemo("tools", "hi", { tools: [clock] });
  assert.is(textIn(events), "It is teatime. 6 * 7 = 42.");
});

demo("the arithmetic in a prompt is found, and nothing else", () => {
  assert.is(expressionIn("what is 2+2?"), "2+2");
  assert.is(expressionIn("Add 1 + 2, or better 10 / (2 + 3)."), "10 / (2 + 3)");
  assert.is(expressionIn("room 12, on 3.5.2024 -- or so (maybe)"), "6 * 7");
  assert.is(expressionIn(""), "6 * 7");
  const begun = performance.now();
  assert.is(expressionIn(`${". ".repeat(500_000)}1+1`), "6 * 7");
  assert.ok(performance.now() - begun < 1_000, "no prompt blocks the event loop");
});

demo("the script model plays reasoning, tools and text as specified", async () => {
  const { events, result } = await playScript({ tokens: 3, size: 6, reasoning: 2, tools: 2 });
  assert.equal(
    events.map(({ type }) => type),
    [
      ...["reasoning-delta", "reasoning-delta", "tool-call", "usage", "tool-result", "step-complete"],
      ...["tool-call", "usage", "tool-result", "step-complete"],
      ...["text-delta", "text-delta", "text-delta", "usage", "step-complete"],
    ],
  );
  assert.equal(
    ofType(events, "tool-result").map(({ toolName, isError }) => [toolName, isError]),
    [
      ["calculator", false],
      ["clock", false],
    ],
  );
  assert.is(textIn(events), "w0    w1    w2    ");
  assert.equal(
    ofType(events, "reasoning-delta").map(({ delta }) => delta),
    ["r0    ", "r1    "],
  );
  assert.is(result?.reason, "stop");
  assert.is(scriptDelta("w", 17), "w17 ");
});

demo("the script model keeps its delay", async () => {
  const { clock } = await playScript({ tokens: 5, delayMs: 50 }, {}, { stepMs: 5 });
  assert.is(clock.now(), 200);
});

demo("a script without a delay is fast and yields to the event loop", async () => {
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  count();
  const run = runOf('{"tokens": 20000}', { model: "script" });
  const begun = performance.now();
  const { events } = await play(createDemoAgent(systemClock, limits).run(run), { deadlineMs: 20_000 });
  counting = false;
  assert.is(ofType(events, "text-delta").length, 20_000);
  assert.ok(turns > 200, `only ${turns} turns of the loop`);
  assert.ok(performance.now() - begun < 10_000);
});

demo("the script model fails at the specified token", async () => {
  const { events, error } = await playScript({ tokens: 5, failAfter: 2 });
  assert.is(textIn(events), "w0 w1 ");
  assert.is(codeOf(error), "demo-failed");
  assert.match(messageOf(error), /failed after 2 tokens/);
  const early = await playScript({ tokens: 5, failAfter: 0 });
  assert.equal(early.events, []);
  assert.match(messageOf(early.error), /failed after 0 tokens/);
  assert.match(messageOf((await playScript({ tokens: 1, failAfter: 9 })).error), /failed after 1 tokens/);
});

demo("the script model can reach the step limit", async () => {
  const { events, result } = await playScript({ tokens: 1, tools: 30 });
  assert.is(result?.reason, "tool-calls");
  assert.is(ofType(events, "tool-result").length, 25);
});

async function hanging(hang: unknown, settleMs: number) {
  const controller = new AbortController();
  const run = runOf(JSON.stringify({ tokens: 1, hang }), { model: "script", signal: controller.signal });
  const generator = createDemoAgent(systemClock, limits).run(run);
  assert.is((await nextEvent(generator))?.type, "text-delta");
  const next = generator.next().catch((error: unknown) => error);
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Error("stop"));
  return await within(next, settleMs).catch(() => "still hanging");
}

demo('a hanging script ends on abort, unless it specifies "ignore-abort"', async () => {
  assert.is(messageOf(await hanging(true, 5_000)), "stop");
  assert.is(await hanging("ignore-abort", 100), "still hanging");
  assert.is((await playScript({ tokens: 1, hang: false })).result?.reason, "stop");
  const before = AbortSignal.abort(new Error("before"));
  assert.is(messageOf((await playScript({ tokens: 0, hang: true }, { signal: before })).error), "before");
});

demo("an abort ends a script without a delay", async () => {
  const controller = new AbortController();
  const { events, error } = await playScript(
    { tokens: 1_000_000 },
    { signal: controller.signal },
    { onEvent: () => controller.abort(new Error("stop")) },
  );
  assert.is(messageOf(error), "stop");
  assert.ok(events.length < 100);
});

demo("the error for a bad script names the field and shows a valid script", async () => {
  const cases: [unknown, RegExp][] = [
    ["{tokens: 5}", /the message must be a JSON object and nothing else/],
    ["[1]", /field|JSON object/],
    ["7", /the message must be a JSON object\./],
    [{}, /field "tokens" is missing/],
    [{ tokens: "5" }, /field "tokens" must be a number/],
    [{ tokens: -1 }, /field "tokens" must be 0 or more/],
    [{ tokens: 1.5 }, /field "tokens" must be a whole number/],
    [{ tokens: 1e9 }, /field "tokens" must be at most 1000000/],
    [{ tokens: 1, hang: "yes" }, /field "hang" must be true, false or "ignore-abort"/],
    [{ tokens: 1, delay: 5 }, /there is no field "delay"/],
  ];
  for (const [script, expected] of cases) {
    const { error, events } = await playScript(script);
    assert.equal(events, []);
    assert.is(codeOf(error), "invalid-script");
    assert.match(messageOf(error), expected);
    assert.match(messageOf(error), /For example: \{"tokens": 20/);
  }
});

demo(
  "the script model echoes plain text, and plays the last of several scripts that were queued together",
  async () => {
    assert.is(textIn((await playScript("just words")).events), "just words");
    assert.is(textIn((await playScript('{"tokens": 3}\n\n{"tokens": 1}')).events), "w0 ");
  },
);

demo("every demo model writes a summary at once and in few words", async () => {
  for (const model of ["echo", "tools", "script"]) {
    const { events, result, clock } = await playDemo(model, `Sum up.\n\n${"word ".repeat(500)}`, {
      purpose: "summary",
    });
    assert.match(
      textIn(events),
      /^Demo models do not summarise\. This conversation has 500 words and begins: word word/,
    );
    assert.is(result?.reason, "stop");
    assert.is(clock.now(), 0);
  }
});

demo.run();
