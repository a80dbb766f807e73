// demo/script: plays the JSON in the prompt, so that a test can specify the answer: its length, its speed, its tool
// calls, and where it fails or hangs. The same script always gives the same text. A prompt that is not JSON is echoed,
// so that texts queued behind a script are answered too.
import { once } from "node:events";
import * as v from "valibot";
import type { AgentRun } from "../../../ports/agent.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { AgentError } from "../agent-error.ts";
import type { Step } from "../step-loop.ts";
import { echoStep } from "./echo.ts";
import { lastUserText, pause, stepEnd } from "./speech.ts";

/** The most deltas of one type: enough for load tests. */
const deltasMax = 1_000_000;
/** The most characters per delta; larger ones would be split when they are emitted. */
const sizeMax = 65_536;
const delayMaxMs = 60_000;
const toolStepsMax = 100;
/** Deltas without a delay per event-loop turn. Higher is faster, but blocks the server for longer. */
const deltasPerLoopTurn = 64;

const count = (max: number) =>
  v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(0, "must be 0 or more"),
    v.maxValue(max, `must be at most ${max}`),
  );

const scriptSchema = v.strictObject({
  /** Text deltas. */
  tokens: count(deltasMax),
  /** The least characters per delta; shorter ones are padded. */
  size: v.optional(count(sizeMax)),
  delayMs: v.optional(count(delayMaxMs)),
  /** Reasoning deltas before the text. */
  reasoning: v.optional(count(deltasMax)),
  /** Steps with a tool call before the text. */
  tools: v.optional(count(toolStepsMax)),
  /** The number of text deltas after which it fails. */
  failAfter: v.optional(count(deltasMax)),
  /** true: hangs until aborted. "ignore-abort": hangs forever. */
  hang: v.optional(v.union([v.boolean(), v.literal("ignore-abort")], 'must be true, false or "ignore-abort"')),
});

export type Script = v.InferOutput<typeof scriptSchema>;

const example = '{"tokens": 20, "size": 8, "delayMs": 50, "reasoning": 3, "tools": 1}';

/** Is this meant as a script, valid or not? */
const looksLikeJson = (text: string): boolean => /^\s*[[{\d"]/.test(text);

/** @throws AgentError that names the invalid field */
function parseScript(text: string): Script {
  const fail = (what: string): never => {
    throw new AgentError("invalid-script", `demo/script: ${what}. For example: ${example}`);
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail("the message must be a JSON object and nothing else");
  }
  const parsed = v.safeParse(scriptSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue);
  if (field === null) return fail("the message must be a JSON object");
  if (issue.type === "strict_object") {
    return fail(issue.expected === "never" ? `there is no field "${field}"` : `field "${field}" is missing`);
  }
  return fail(`field "${field}" ${issue.message}`);
}

/** The delta at an index: `w0 `, `w1 ` … (reasoning: `r0 ` …), padded with spaces to size. */
export const scriptDelta = (letter: "w" | "r", index: number, size = 0): string => `${letter}${index} `.padEnd(size);

export function scriptStep(run: AgentRun, clock: Clock): Step {
  // Queued texts arrive joined by blank lines; only the last one is used.
  const prompt = lastUserText(run.messages).split("\n\n").at(-1) ?? "";
  if (!looksLikeJson(prompt)) return echoStep(run, clock);
  const script = parseScript(prompt);
  const { tokens, size = 0, delayMs = 0, reasoning = 0, tools = 0, failAfter, hang } = script;
  const { signal } = run;

  /** Waits before every delta but the first. */
  async function between(index: number): Promise<void> {
    if (index > 0 && delayMs > 0) await pause(clock, delayMs, signal);
    else if (index % deltasPerLoopTurn === deltasPerLoopTurn - 1) {
      await new Promise<void>((resolve) => clock.defer(resolve));
      signal.throwIfAborted();
    }
  }

  return async function* ({ stepId, index: step, messages, toolCallId }) {
    if (step === 0) {
      for (let index = 0; index < reasoning; index++) {
        await between(index);
        yield { type: "reasoning-delta", delta: scriptDelta("r", index, size) };
      }
    }
    if (step < tools) {
      const call = { type: "tool-call", stepId, toolCallId: toolCallId() } as const;
      if (step % 2 === 0) yield { ...call, toolName: "calculator", input: { expression: `${step + 1} * 2` } };
      else yield { ...call, toolName: "clock", input: {} };
      yield* stepEnd(stepId, messages, 1);
      return;
    }
    for (let index = 0; index < tokens && index !== failAfter; index++) {
      await between(index);
      yield { type: "text-delta", delta: scriptDelta("w", index, size) };
    }
    if (failAfter !== undefined) {
      throw new AgentError("demo-failed", `demo/script: failed after ${Math.min(failAfter, tokens)} tokens, as told.`);
    }
    if (hang === "ignore-abort") await new Promise<never>(() => {});
    if (hang) {
      if (!signal.aborted) await once(signal, "abort");
      signal.throwIfAborted();
    }
    yield* stepEnd(stepId, messages, tokens);
  };
}
