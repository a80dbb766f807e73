// Shared by the tests of the AI SDK agent: a real endpoint for each test and a function that runs one turn against it.
// Each turn checks that the API key does not leak. After every test, no unhandled rejection and no warning may have
// occurred.
import { type Context, suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import { type AiSdkAgentOptions, createAiSdkAgent } from "../../../src/embedded/agents/ai-sdk.ts";
import { type Limits, limits } from "../../../src/limits.ts";
import type { AgentRun } from "../../../src/ports/agent.ts";
import type { Logger } from "../../../src/ports/logger.ts";
import { type OpenAiEndpoint, openAiEndpoint } from "../../support/openai-endpoint.ts";
import { systemClock } from "../../support/system-clock.ts";
import { messageOf, type Played, type PlayOptions, play, runOf } from "./harness.ts";

export const apiKey = "sk-very-secret";
/** Retry pauses short enough for a test to wait for them. */
export const quick: Limits = { ...limits, retryFirstDelayMs: 5, retryDelayMaxMs: 400 };

export interface WithEndpoint extends Context {
  endpoint: OpenAiEndpoint;
}

export function aiSdkSuite(name: string): Test<WithEndpoint> {
  const sdk = suite<WithEndpoint>(name);
  const escaped: string[] = [];
  const onRejection = (reason: unknown): void => {
    escaped.push(`rejection ${messageOf(reason)}`);
  };
  const onWarning = (warning: Error): void => {
    escaped.push(`warning ${warning.message}`);
  };
  sdk.before(() => {
    process.on("unhandledRejection", onRejection);
    process.on("warning", onWarning);
  });
  sdk.before.each(async (context) => {
    context.endpoint = await openAiEndpoint();
  });
  sdk.after.each(async (context) => {
    await context.endpoint.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(escaped, []);
  });
  sdk.after(() => {
    process.off("unhandledRejection", onRejection);
    process.off("warning", onWarning);
  });
  return sdk;
}

/** What the agent logged in the last turn. */
export const lines: string[] = [];
const note = (message: string, fields?: unknown): void => {
  lines.push(`${message} ${JSON.stringify(fields)}`);
};
export const logger: Logger = { debug: note, info: note, warn: note, error: note };

export function agentOf(endpoint: OpenAiEndpoint, change: Partial<AiSdkAgentOptions> = {}) {
  const models = [{ name: "small" }, { name: "blind", vision: false }];
  return createAiSdkAgent({
    baseUrl: endpoint.baseUrl,
    apiKey,
    models,
    clock: systemClock,
    logger,
    limits: quick,
    ...change,
  });
}

interface Given extends Partial<AiSdkAgentOptions> {
  run?: Partial<AgentRun>;
  play?: PlayOptions;
}

/** One turn of the model "small" on the prompt "hi". */
export async function turn(endpoint: OpenAiEndpoint, given: Given = {}): Promise<Played> {
  const { run = {}, play: options, ...change } = given;
  lines.length = 0;
  const played = await play(agentOf(endpoint, change).run(runOf("hi", { model: "small", ...run })), options);
  assert.not.match(
    JSON.stringify(played) + messageOf(played.error) + lines.join(),
    apiKey,
    "the API key does not leak",
  );
  return played;
}
