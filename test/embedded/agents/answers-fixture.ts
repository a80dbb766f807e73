// Plays a table of endpoints' answers: each row is a raw HTTP answer, and what must come out of it.
import * as assert from "uvu/assert";
import type { ModelSettings } from "../../../src/embedded/agents/ai-sdk/settings.ts";
import { createAiSdkAgent } from "../../../src/embedded/agents/ai-sdk.ts";
import { calculatorTool } from "../../../src/embedded/tools/calculator.ts";
import { end, type RawAnswer, rawEndpoint, say, stream } from "../../support/raw-endpoint.ts";
import { systemClock } from "../../support/system-clock.ts";
import { apiKey, lines, logger, quick } from "./ai-sdk-fixture.ts";
import { messageOf, ofType, play, runOf, textIn } from "./harness.ts";

export interface Expected {
  text?: string;
  thinking?: string;
  /** Name and input. After them, the model says "ok". */
  calls?: [string, unknown][];
  /** How the turn ends: a reason, or a part of the error's message. */
  ends?: "stop" | "length" | RegExp;
  requests?: number;
  usage?: [input: number, output: number];
}

export type Row = [name: string, answer: RawAnswer, expected: Expected];

export interface RowOptions {
  /** The second step's answer. */
  second?: RawAnswer;
  limits?: Partial<typeof quick>;
  model?: Partial<ModelSettings>;
}

export async function outcome(answer: RawAnswer, withTools: boolean, options: RowOptions = {}) {
  const { second = stream(say("ok"), end()), limits, model } = options;
  const endpoint = await rawEndpoint((index) => (withTools && index > 0 ? second : answer));
  const agent = createAiSdkAgent({
    baseUrl: endpoint.baseUrl,
    apiKey,
    models: [{ name: "small", ...model }],
    clock: systemClock,
    logger,
    limits: { ...quick, retriesMax: 1, ...limits },
  });
  lines.length = 0;
  try {
    const run = runOf("hi", { model: "small", tools: withTools ? [calculatorTool] : [] });
    const played = await play(agent.run(run));
    assert.not.match(JSON.stringify(played) + messageOf(played.error) + lines.join(), apiKey);
    const thinking = ofType(played.events, "reasoning-delta");
    const [usage] = ofType(played.events, "usage");
    return {
      text: textIn(played.events),
      thinking: thinking.map(({ delta }) => delta).join(""),
      calls: ofType(played.events, "tool-call").map(({ toolName, input }) => [toolName, input]),
      ends: played.result?.reason ?? messageOf(played.error),
      requests: endpoint.requests,
      usage: usage && [usage.usage.inputTokens, usage.usage.outputTokens],
    };
  } finally {
    await endpoint.close();
  }
}

/** What a row expects, in the form of `found`. */
export function wanted({ text, thinking = "", calls = [], ends = "stop", requests, usage }: Expected) {
  return {
    text: text ?? (calls.length > 0 ? "ok" : ""),
    thinking,
    calls,
    ends: String(ends),
    requests: requests ?? (calls.length > 0 ? 2 : 1),
    usage,
  };
}

/** What came out of a row. */
export async function found(answer: RawAnswer, { calls, ends, usage }: Expected, options?: RowOptions) {
  const played = await outcome(answer, calls !== undefined, options);
  return {
    ...played,
    ends: ends instanceof RegExp && ends.test(played.ends) ? String(ends) : played.ends,
    usage: usage && played.usage,
  };
}
