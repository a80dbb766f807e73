// Finds the agent for a model name, `<provider>/<model>`. An agent that throws when asked counts as offering nothing.
import type { Agent, ModelInfo } from "../../ports/agent.ts";
import type { ModelCatalog } from "../../ports/conversations.ts";
import type { Logger } from "../../ports/logger.ts";

export interface ResolvedModel {
  /** `<provider>/<model>`. */
  name: string;
  /** The model's name without its provider. */
  model: string;
  agent: Agent;
}

export class Models {
  #defaultModel: string;
  #agents: Agent[];
  readonly #logger: Logger;

  constructor(agents: Agent[], defaultModel: string, logger: Logger) {
    this.#agents = agents;
    this.#defaultModel = defaultModel;
    this.#logger = logger;
  }

  get defaultModel(): string {
    return this.#defaultModel;
  }

  /** From now on. Running turns go on with what they began with. */
  replace(agents: Agent[], defaultModel: string): void {
    this.#agents = agents;
    this.#defaultModel = defaultModel;
  }

  resolve(name: string): ResolvedModel | undefined {
    const slash = name.indexOf("/");
    if (slash < 1 || slash === name.length - 1) return undefined;
    const provider = name.slice(0, slash);
    const model = name.slice(slash + 1);
    const agent = this.#agents.find((candidate) => candidate.provider === provider && this.#offers(candidate, model));
    return agent && { name, model, agent };
  }

  catalog(): ModelCatalog {
    const models = new Set([this.defaultModel]);
    const modelInfo: ModelCatalog["modelInfo"] = {};
    for (const agent of this.#agents) {
      for (const { name, contextWindow, vision } of this.#modelsOf(agent)) {
        const fullName = `${agent.provider}/${name}`;
        models.add(fullName);
        if (contextWindow === undefined && vision === undefined) continue;
        modelInfo[fullName] = {
          ...(contextWindow !== undefined && { contextWindow }),
          ...(vision !== undefined && { vision }),
        };
      }
    }
    return { models: [...models], modelInfo };
  }

  /** The message for a name that could not be resolved. */
  unknown(name: string): string {
    return `the model "${name}" is not known here; known models: ${this.catalog().models.join(", ")}`;
  }

  #offers(agent: Agent, model: string): boolean {
    const isListed = this.#modelsOf(agent).some(({ name }) => name === model);
    return isListed || this.#ask(agent, () => agent.accepts?.(model) === true, false);
  }

  #modelsOf(agent: Agent): ModelInfo[] {
    return this.#ask(agent, () => agent.models(), []);
  }

  #ask<T>(agent: Agent, ask: () => T, otherwise: T): T {
    try {
      return ask();
    } catch (error) {
      this.#logger.warn("orchestrator: an agent threw when asked for its models", { provider: agent.provider, error });
      return otherwise;
    }
  }
}
