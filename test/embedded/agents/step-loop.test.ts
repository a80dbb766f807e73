// The loop over steps that all agents with tools share.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runSteps, type Step } from "../../../src/embedded/agents/step-loop.ts";
import { limits } from "../../../src/limits.ts";
import type { AgentMessage, AgentRun, Tool, ToolContext } from "../../../src/ports/agent.ts";
import { SimulatedClock } from "../../support/clock.ts";
import { systemClock } from "../../support/system-clock.ts";
import { messageOf, nextEvent, ofType, play, runOf, textIn, within } from "./harness.ts";

const loop = suite("step loop");

function tool(name: string, run: (input: unknown, context: ToolContext) => unknown): Tool {
  return { name, description: name, inputSchema: { type: "object" }, run };
}

/** Each argument is one step: the tool it calls, or an array of tools. After the last step it answers "done". */
function calling(...steps: (string | string[])[]): Step {
  return async function* ({ stepId, index, toolCallId }) {
    const names = steps[index];
    if (names === undefined) {
      yield { type: "text-delta", delta: "done" };
      yield { type: "step-end", reason: "stop", contextSize: 7 };
      return;
    }
    for (const toolName of [names].flat()) {
      yield { type: "tool-call", stepId, toolCallId: toolCallId(`${toolName}-${index}`), toolName, input: { index } };
    }
    yield { type: "step-end", reason: "tool-calls" };
  };
}

loop("a step without calls ends the turn", async () => {
  const { events, result } = await play(runSteps(runOf("hi"), systemClock, calling(), limits));
  assert.equal(
    events.map(({ type }) => type),
    ["text-delta", "step-complete"],
  );
  assert.equal(result, { reason: "stop", contextSize: 7 });
});

loop("calls, output, results and the step's end come in this order, with the clock's timings", async () => {
  const clock = new SimulatedClock();
  const slow = tool("slow", async (input, { onOutput, cwd }) => {
    onOutput("one", "stdout");
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 40));
    onOutput("two", "stderr");
    return { input, cwd };
  });
  const run = runOf("hi", { tools: [slow, tool("quick", () => "ok")], cwd: "/here" });
  const { events } = await play(runSteps(run, clock, calling(["slow", "quick"]), limits), { clock });
  assert.equal(
    events.map(({ type }) => type),
    [
      "tool-call",
      "tool-call",
      "tool-output",
      "tool-output",
      "tool-result",
      "tool-result",
      "step-complete",
      "text-delta",
      "step-complete",
    ],
  );
  assert.equal(
    ofType(events, "tool-output").map(({ data, stream, toolCallId }) => [data, stream, toolCallId]),
    [
      ["one", "stdout", "slow-0"],
      ["two", "stderr", "slow-0"],
    ],
  );
  const [first, second] = ofType(events, "tool-result");
  assert.is(first?.content, '{"input":{"index":0},"cwd":"/here"}');
  assert.ok((first?.durationMs ?? 0) >= 40);
  assert.is(second?.content, "ok");
  const [step, last] = ofType(events, "step-complete");
  assert.is.not(step?.stepId, last?.stepId);
  assert.is(first?.stepId, step?.stepId);
  assert.is(clock.pending, 0);
});

loop("output is passed on while the tool still runs", async () => {
  let finish = (): void => {};
  const chatty = tool("chatty", (_, { onOutput }) => {
    onOutput("early", "stdout");
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  const generator = runSteps(runOf("hi", { tools: [chatty] }), systemClock, calling("chatty"), limits);
  assert.is((await nextEvent(generator))?.type, "tool-call");
  const output = await nextEvent(generator);
  assert.equal(output, { type: "tool-output", toolCallId: "chatty-0", data: "early", stream: "stdout" });
  finish();
  const { events } = await play(generator);
  assert.is(ofType(events, "tool-result")[0]?.content, "");
});

loop("anything a tool throws or returns becomes a result", async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const cases: [Tool["run"], RegExp, boolean][] = [
    [() => Promise.reject(new Error("no disk")), /^no disk$/, true],
    [
      () => {
        throw new RangeError();
      },
      /^RangeError$/,
      true,
    ],
    [
      () => {
        throw "plain";
      },
      /^plain$/,
      true,
    ],
    [
      () => {
        throw Object.create(null);
      },
      /cannot be shown/,
      true,
    ],
    [() => cyclic, /circular/i, true],
    [() => 5n, /BigInt/, true],
    [() => undefined, /^$/, false],
    [() => null, /^null$/, false],
    [() => ["a", 1], /^\["a",1\]$/, false],
  ];
  for (const [behaviour, content, isError] of cases) {
    const run = runOf("hi", { tools: [tool("odd", behaviour)] });
    const { events, error } = await play(runSteps(run, systemClock, calling("odd"), limits));
    assert.is(error, undefined);
    const [result] = ofType(events, "tool-result");
    assert.match(result?.content ?? "none", content);
    assert.is(result?.isError, isError);
    assert.is(textIn(events), "done");
  }
});

loop("a call to an unknown tool gets a result that names the known tools", async () => {
  const run = runOf("hi", { tools: [tool("a", () => ""), tool("b", () => "")] });
  const known = await play(runSteps(run, systemClock, calling("c"), limits));
  assert.is(ofType(known.events, "tool-result")[0]?.content, 'There is no tool "c". The tools are: a, b.');
  assert.ok(ofType(known.events, "tool-result")[0]?.isError);
  const none = await play(runSteps(runOf("hi"), systemClock, calling("c"), limits));
  assert.is(ofType(none.events, "tool-result")[0]?.content, 'There is no tool "c". No tools are offered.');
});

loop("results, output and input that exceed the event size are cut, with a note", async () => {
  const eventBytesMax = 20_000;
  const fits = (event: unknown): void => assert.ok(Buffer.byteLength(JSON.stringify(event)) < eventBytesMax);
  const loud = tool("loud", (_, { onOutput }) => {
    onOutput("small", "stdout");
    onOutput("€".repeat(9_000), "stdout");
    onOutput("never seen", "stdout");
    return '"'.repeat(50_000);
  });
  const run = runOf("hi", { tools: [loud] });
  const { events } = await play(runSteps(run, systemClock, calling("loud"), { ...limits, eventBytesMax }));
  events.forEach(fits);
  const output = ofType(events, "tool-output").map(({ data }) => data);
  assert.is(output.length, 2);
  assert.match(output[1] ?? "", /^€+\n\[cut: the first \d+ of 9000 characters\]$/);
  assert.match(ofType(events, "tool-result")[0]?.content ?? "", /^"+\n\[cut: the first \d+ of 50000 characters\]$/);

  const large: Step = async function* ({ stepId, index, toolCallId }) {
    if (index === 0) {
      const input = { text: "x".repeat(30_000) };
      yield { type: "tool-call", stepId, toolCallId: toolCallId(), toolName: "loud", input };
    }
    yield { type: "step-end", reason: "stop" };
  };
  const cut = await play(runSteps(run, systemClock, large, { ...limits, eventBytesMax }));
  cut.events.forEach(fits);
  assert.equal(ofType(cut.events, "tool-call")[0]?.input, { cut: "the input had 30011 characters" });
  assert.match(ofType(cut.events, "tool-result")[0]?.content ?? "", /not run: its input is too large/);
});

loop("a delta above the maximum length is split, and the model still reads it whole", async () => {
  let seen: readonly AgentMessage[] = [];
  const long: Step = async function* ({ stepId, index, toolCallId, messages }) {
    seen = messages;
    if (index === 0) {
      yield { type: "reasoning-delta", delta: "hm" };
      yield { type: "text-delta", delta: "abcdefgh" };
      yield { type: "text-delta", delta: "ij" };
      yield { type: "tool-call", stepId, toolCallId: toolCallId(), toolName: "t", input: {} };
    }
    yield { type: "step-end", reason: "stop" };
  };
  const run = runOf("hi", { tools: [tool("t", () => "r")] });
  const { events } = await play(runSteps(run, systemClock, long, { ...limits, deltaCharactersMax: 3 }));
  assert.equal(
    ofType(events, "text-delta").map(({ delta }) => delta),
    ["abc", "def", "gh", "ij"],
  );
  assert.equal(
    seen.map(({ role, chunks }) => [role, chunks.map((chunk) => ("text" in chunk ? chunk.text : chunk.type))]),
    [
      ["user", ["hi"]],
      ["assistant", ["hm", "abcdefghij", "tool-call"]],
      ["tool", ["tool-result"]],
    ],
  );
});

loop("a steering text is handed over once, between two steps, as a user message", async () => {
  const waiting = ["and quickly"];
  const asked: number[] = [];
  let steps = 0;
  const seen: string[] = [];
  const step: Step = async function* (context) {
    steps++;
    seen.push(context.messages.map(({ role }) => role).join(" "));
    yield* calling("t", "t")(context);
  };
  const run = runOf("hi", {
    tools: [tool("t", () => "r")],
    drainSteering: () => {
      asked.push(steps);
      return waiting.shift();
    },
  });
  const { events } = await play(runSteps(run, systemClock, step, limits));
  assert.equal(ofType(events, "steering"), [{ type: "steering", text: "and quickly" }]);
  const types = events.map(({ type }) => type);
  assert.is(types[types.indexOf("steering") - 1], "step-complete");
  assert.equal(asked, [1, 2]);
  assert.equal(seen, ["user", "user assistant tool user", "user assistant tool user assistant tool"]);
});

loop('after the last allowed step the turn ends with "tool-calls", and no steering is drained', async () => {
  let drained = 0;
  const run = runOf("hi", {
    tools: [tool("t", () => "r")],
    drainSteering: () => {
      drained++;
      return undefined;
    },
  });
  const step = calling("t", "t", "t", "t");
  const { events, result } = await play(runSteps(run, systemClock, step, { ...limits, stepsPerTurnMax: 3 }));
  assert.is(result?.reason, "tool-calls");
  assert.is(ofType(events, "tool-result").length, 3);
  assert.is(ofType(events, "step-complete").length, 3);
  assert.is(drained, 2);
  assert.is(limits.stepsPerTurnMax, 25);
});

loop("a call cut off by the output limit is not run", async () => {
  let ran = false;
  const run = runOf("hi", {
    tools: [
      tool("t", () => {
        ran = true;
      }),
    ],
  });
  const step: Step = async function* ({ stepId, toolCallId }) {
    yield { type: "tool-call", stepId, toolCallId: toolCallId(), toolName: "t", input: {} };
    yield { type: "step-end", reason: "length" };
  };
  const { events, result } = await play(runSteps(run, systemClock, step, limits));
  assert.not(ran);
  assert.is(result?.reason, "length");
  assert.match(ofType(events, "tool-result")[0]?.content ?? "", /output limit/);
});

loop("no two calls have the same id, even across turns, and unusable ids are replaced", async () => {
  const messages: AgentMessage[] = [
    { role: "assistant", chunks: [{ type: "tool-call", toolCallId: "call_0", toolName: "t", input: {} }] },
  ];
  const step: Step = async function* ({ stepId, index, toolCallId }) {
    if (index < 2) {
      for (const proposed of ["call_0", "fresh", "", "x".repeat(500)]) {
        yield { type: "tool-call", stepId, toolCallId: toolCallId(proposed), toolName: "t", input: {} };
      }
    }
    yield { type: "step-end", reason: "stop" };
  };
  const { events } = await play(runSteps(runOf("", { messages }), systemClock, step, limits));
  const ids = ofType(events, "tool-call").map(({ toolCallId }) => toolCallId);
  assert.is(new Set(["call_0", ...ids]).size, 9);
  assert.is(ids[1], "fresh");
  assert.equal(
    ofType(events, "tool-result").map(({ toolCallId }) => toolCallId),
    ids,
  );
});

async function abortedWhile(toolRun: Tool["run"], abort: (controller: AbortController) => void) {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const run: AgentRun = runOf("hi", { tools: [tool("t", toolRun)], signal: controller.signal });
  const generator = runSteps(run, clock, calling("t"), limits);
  await within(generator.next());
  const next = generator.next();
  await new Promise((resolve) => setImmediate(resolve));
  abort(controller);
  const outcome = await within(next.catch((error: unknown) => error));
  return { outcome, pending: clock.pending };
}

loop("an abort ends the wait for a tool at once, and the tool's signal fires", async () => {
  let heard: unknown;
  const stubborn: Tool["run"] = (_, { signal }) => {
    signal.addEventListener("abort", () => {
      heard = signal.reason;
    });
    return new Promise(() => {});
  };
  const reason = new Error("stopped by a person");
  const { outcome, pending } = await abortedWhile(stubborn, (controller) => controller.abort(reason));
  assert.is(outcome, reason);
  assert.is(heard, reason);
  assert.is(pending, 0);
});

loop("a tool failure after the abort, or output after the tool's end, is ignored", async () => {
  let late = (): void => {};
  const failing: Tool["run"] = (_, { onOutput }) =>
    new Promise((_resolve, reject) => {
      late = () => {
        onOutput("late", "stdout");
        reject(new Error("late"));
      };
    });
  const { outcome } = await abortedWhile(failing, (controller) => controller.abort());
  assert.instance(outcome, DOMException);
  late();
  await new Promise((resolve) => setImmediate(resolve));
});

loop("a tool that does not end in time is aborted, and the turn goes on", async () => {
  const clock = new SimulatedClock();
  let stopped = false;
  const endless = tool("endless", (_, { signal }) => {
    signal.addEventListener("abort", () => {
      stopped = true;
    });
    return new Promise(() => {});
  });
  const run = runOf("hi", { tools: [endless] });
  const steps = runSteps(run, clock, calling("endless"), { ...limits, toolRunMs: 5_000 });
  const { events, result } = await play(steps, { clock, stepMs: 1_000 });
  assert.ok(stopped);
  assert.is(ofType(events, "tool-result")[0]?.content, "The tool did not finish within 5 s and was told to stop.");
  assert.is(result?.reason, "stop");
  assert.is(clock.pending, 0);
});

loop("a reader that returns early stops the running tool", async () => {
  const clock = new SimulatedClock();
  let signal: AbortSignal | undefined;
  const chatty = tool("t", (_, context) => {
    signal = context.signal;
    context.onOutput("x", "stdout");
    return new Promise(() => {});
  });
  const generator = runSteps(runOf("hi", { tools: [chatty] }), clock, calling("t"), limits);
  await within(generator.next());
  await within(generator.next());
  await within(generator.return({ reason: "stop" }));
  assert.ok(signal?.aborted);
  assert.is(clock.pending, 0, "the tool's deadline timer is cleared");
});

loop("after an abort before the tools begin, no tool runs", async () => {
  const controller = new AbortController();
  let ran = false;
  const step: Step = async function* (context) {
    yield* calling("t")(context);
    controller.abort();
  };
  const run = runOf("hi", {
    signal: controller.signal,
    tools: [
      tool("t", () => {
        ran = true;
      }),
    ],
  });
  const { error } = await play(runSteps(run, systemClock, step, limits));
  assert.is(error, controller.signal.reason);
  assert.not(ran);
});

loop("a step that ends without its step-end event is a defect", async () => {
  const { error } = await play(runSteps(runOf("hi"), systemClock, async function* () {}, limits));
  assert.match(messageOf(error), /without its step-end/);
});

loop.run();
