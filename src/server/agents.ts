// The agents and tools of the process, and its default model.
import { Discovery } from "../embedded/agents/ai-sdk/discovery.ts";
import { createDemoAgent } from "../embedded/agents/demo.ts";
import { calculatorTool } from "../embedded/tools/calculator.ts";
import { createClockTool } from "../embedded/tools/clock.ts";
import { loadTools } from "../embedded/tools/load-tools.ts";
import type { Limits } from "../limits.ts";
import type { Agent, Tool } from "../ports/agent.ts";
import type { Logger } from "../ports/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Config, ConfigError } from "./config.ts";
import type { ProviderSettings } from "./models-file.ts";

const demoModel = "demo/echo";

export interface Agents {
  agents: Agent[];
  /** `<provider>/<model>`. */
  defaultModel: string;
}

/**
 * The agents of TURNWIRE_BASE_URL and of the models file, the embedder's, and the demo agent.
 * @throws ConfigError, ModelsFileError
 */
export async function readAgents(
  config: Config,
  own: Agent[],
  clock: Clock,
  logger: Logger,
  limits: Limits,
): Promise<Agents> {
  const { endpoint } = config;
  const file = config.readModels?.();
  const providers: ProviderSettings[] = [...(file?.providers ?? [])];
  if (endpoint) {
    if (providers.some(({ name }) => name === "openai"))
      throw new ConfigError(
        "The models file has a provider openai, and TURNWIRE_BASE_URL is one too: rename it, or unset the variable.",
      );
    const models = endpoint.models.map((name) => ({ name }));
    providers.unshift({ name: "openai", baseUrl: endpoint.baseUrl, apiKey: endpoint.apiKey, headers: {}, models });
  }
  const configured = await Promise.all(providers.map((provider) => agentOf(provider, clock, logger, limits)));
  const agents = [...configured, ...own, createDemoAgent(clock, limits)];
  return { agents, defaultModel: defaultModelOf(config.model ?? file?.defaultModel, agents) };
}

async function agentOf(provider: ProviderSettings, clock: Clock, logger: Logger, limits: Limits): Promise<Agent> {
  // Imported only when needed: the AI SDK is the largest dependency.
  const { createAiSdkAgent } = await import("../embedded/agents/ai-sdk.ts");
  const { name, baseUrl, apiKey, headers, models } = provider;
  const options = { provider: name, baseUrl, apiKey, headers, clock, logger, limits };
  if (models !== "discover") return createAiSdkAgent({ ...options, models });
  const discovery = new Discovery({
    ...{ baseUrl, clock, headers: { ...headers, ...(apiKey && { Authorization: `Bearer ${apiKey}` }) } },
    onFailure: (sentence) => logger.warn(`models: ${sentence}`, { provider: name }),
  });
  await discovery.refresh();
  return createAiSdkAgent({ ...options, models: () => discovery.list() });
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
 * The model that was asked for, else the first that is not a demo, else demo/echo.
 * @throws ConfigError when no agent has the model that was asked for.
 */
function defaultModelOf(model: string | undefined, agents: Agent[]): string {
  const known = agents.flatMap((agent) => agent.models().map(({ name }) => `${agent.provider}/${name}`));
  if (model === undefined) return known.find((name) => !name.startsWith("demo/")) ?? demoModel;
  const [provider, ...rest] = model.split("/");
  const accepted = agents.some((agent) => agent.provider === provider && agent.accepts?.(rest.join("/")) === true);
  if (accepted || known.includes(model)) return model;
  throw new ConfigError(
    `--model is ${JSON.stringify(model)}, which is not known here: give one of ${known.join(", ")}.`,
  );
}
