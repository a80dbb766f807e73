// The agents and tools of the process, and its default model.
import type { AiSdkLimits } from "../embedded/agents/ai-sdk.ts";
import { createDemoAgent } from "../embedded/agents/demo.ts";
import { calculatorTool } from "../embedded/tools/calculator.ts";
import { createClockTool } from "../embedded/tools/clock.ts";
import { loadTools } from "../embedded/tools/load-tools.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Logger } from "../ports/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Config, ConfigError } from "./config.ts";

const demoModel = "demo/echo";

/** The configured endpoint's agent, the embedder's agents, and the demo agent. */
export async function createAgents(
  config: Config,
  own: Agent[],
  clock: Clock,
  logger: Logger,
  limits: AiSdkLimits,
): Promise<Agent[]> {
  const { endpoint } = config;
  const demo = createDemoAgent(clock, limits);
  if (!endpoint) return [...own, demo];
  // Imported only when needed: the AI SDK is the largest dependency.
  const { createAiSdkAgent } = await import("../embedded/agents/ai-sdk.ts");
  const { baseUrl, apiKey } = endpoint;
  const models = endpoint.models.map((name) => ({ name }));
  return [createAiSdkAgent({ baseUrl, apiKey, models, clock, logger, limits }), ...own, demo];
}

/**
 * A tool from the file replaces an embedder's tool of the same name, and both replace built-in ones.
 * @throws ToolsFileError
 */
export async function createTools({ toolsFile }: Config, own: Tool[], clock: Clock): Promise<Tool[]> {
  const fromFile = toolsFile ? await loadTools(toolsFile) : undefined;
  // An empty file is how to offer none.
  if (fromFile?.length === 0) return own;
  const brought = [...own.filter(({ name }) => !fromFile?.some((tool) => tool.name === name)), ...(fromFile ?? [])];
  const builtIn = [createClockTool(clock), calculatorTool];
  return [...builtIn.filter(({ name }) => !brought.some((tool) => tool.name === name)), ...brought];
}

/**
 * The model of --model, else the first that is not a demo, else demo/echo.
 * @throws ConfigError when no agent has the model of --model.
 */
export function defaultModelOf({ model }: Config, agents: Agent[]): string {
  const known = agents.flatMap((agent) => agent.models().map(({ name }) => `${agent.provider}/${name}`));
  if (model === undefined) return known.find((name) => !name.startsWith("demo/")) ?? demoModel;
  const [provider, ...rest] = model.split("/");
  const accepted = agents.some((agent) => agent.provider === provider && agent.accepts?.(rest.join("/")) === true);
  if (accepted || known.includes(model)) return model;
  throw new ConfigError(
    `--model is ${JSON.stringify(model)}, which is not known here: give one of ${known.join(", ")}.`,
  );
}
