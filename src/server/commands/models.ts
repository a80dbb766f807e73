// `turnwire models`: lists the configured models and tries each: one question, until the first word of the answer. Says
// what is wrong in a sentence.
import { limits } from "../../limits.ts";
import type { Agent, AgentRun } from "../../ports/agent.ts";
import { errorMessage } from "../../ports/guard.ts";
import { silentLogger } from "../../ports/logger.ts";
import { type Clock, createSystemClock } from "../../runtime/clock.ts";
import { readAgents } from "../agents.ts";
import type { Config } from "../config.ts";

/** Of a provider with more models than these the others are not tried. */
const triedMax = 20;
/** A model that is loaded from a disk first takes its time. */
const patienceMs = 120_000;
/** Nothing is tried twice: the first reason is the one to know. */
const once = { ...limits, retriesMax: 0, modelSilenceMs: patienceMs };

/** @param write is called with each line. @returns whether every model that was tried answers. */
export async function runModelsCommand(config: Config, write: (line: string) => void): Promise<boolean> {
  const clock = createSystemClock(limits);
  // Of a list that could not be had. What fails below is said with its model.
  const warn = (message: string): void => void (message.startsWith("models: ") && write(message));
  const logger = { ...silentLogger, warn };
  const { agents, defaultModel } = await readAgents(config, [], clock, logger, once);
  let isGood = true;
  for (const agent of agents) {
    if (agent.provider === "demo") continue;
    const models = agent.models();
    if (models.length === 0) write(`${agent.provider}: lists no models`);
    for (const { name } of models.slice(0, triedMax)) {
      const full = `${agent.provider}/${name}`;
      const { answers, words } = await tried(agent, name, clock);
      isGood &&= answers;
      write(`${full}${full === defaultModel ? " (default)" : ""}: ${words}`);
    }
    if (models.length > triedMax) write(`${agent.provider}: ${models.length - triedMax} more, which were not tried`);
  }
  if (defaultModel.startsWith("demo/")) write("only the demo models are there: name an endpoint, or a --models file");
  return isGood;
}

async function tried(agent: Agent, model: string, clock: Clock): Promise<{ answers: boolean; words: string }> {
  const startedAt = clock.now();
  const abort = new AbortController();
  const prompt = "Say ok.";
  const run: AgentRun = {
    ...{ prompt, model, tools: [], signal: abort.signal, reasoningEffort: undefined, cwd: undefined },
    messages: [{ role: "user", chunks: [{ type: "text", text: prompt }] }],
    drainSteering: () => undefined,
  };
  try {
    for await (const { type } of agent.run(run))
      if (type === "text-delta" || type === "reasoning-delta") {
        abort.abort();
        return { answers: true, words: `answers after ${((clock.now() - startedAt) / 1_000).toFixed(1)} s` };
      }
    return { answers: false, words: "ended its answer without a word" };
  } catch (error) {
    return { answers: false, words: errorMessage(error) };
  }
}
