// The agent for real models: calls any endpoint with the OpenAI chat completions API, through the AI SDK, which is
// loaded with the first turn. The step loop and the retries are turnwire's own. Must never reveal the API key.
import type { LanguageModel } from "ai";
import type { Limits } from "../../limits.ts";
import type { Agent, AgentEvent, AgentRun, ModelInfo } from "../../ports/agent.ts";
import type { Logger } from "../../ports/logger.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import { AgentError } from "./agent-error.ts";
import { createEndpointFetch } from "./ai-sdk/endpoint-fetch.ts";
import { type Failure, failureOf, keysIn } from "./ai-sdk/failure.ts";
import { bytesOf, fitted } from "./ai-sdk/fitting.ts";
import { Learned, sentIn } from "./ai-sdk/learned.ts";
import { toModelMessages } from "./ai-sdk/messages.ts";
import { callModel, type Sdk } from "./ai-sdk/model-call.ts";
import type { ModelSettings } from "./ai-sdk/settings.ts";
import { type ProviderOptions, ToolCalls } from "./ai-sdk/tool-calls.ts";
import { runSteps, type StepContext, type StepEnd } from "./step-loop.ts";

export interface AiSdkAgentOptions {
  /** The URL without `/chat/completions`. Its query is sent with every request. */
  baseUrl: string;
  apiKey?: string | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The models to list, each with its settings. Any other name is accepted too; the endpoint decides. */
  models: readonly ModelSettings[] | (() => readonly ModelSettings[]);
  /** The first part of `<provider>/<model>`. */
  provider?: string | undefined;
  clock: Clock;
  logger: Logger;
  limits: Limits;
}

/** @throws Error when the base URL is not usable; the message says why. */
export function createAiSdkAgent(options: AiSdkAgentOptions): Agent {
  const { apiKey, headers, models, provider = "openai", clock, logger, limits } = options;
  const listed = (): readonly ModelSettings[] => (typeof models === "function" ? models() : models);
  const url = checkedUrl(options.baseUrl);
  const otherKeys = keysIn([...Object.entries(headers ?? {}), ...url.searchParams]);
  const endpoint = { host: url.host, apiKey, otherKeys };
  let loading: Promise<{ sdk: Sdk; model(settings: ModelSettings, learned: Learned): LanguageModel }> | undefined;
  /** By the model's name, while the process lives. */
  const learnedOf = new Map<string, Learned>();

  async function load() {
    const [sdk, { createOpenAICompatible }] = await Promise.all([import("ai"), import("@ai-sdk/openai-compatible")]);
    const model = ({ name, extraBody, silenceMs }: ModelSettings, learned: Learned): LanguageModel =>
      createOpenAICompatible({
        name: provider,
        baseURL: url.origin + url.pathname,
        queryParams: Object.fromEntries(url.searchParams),
        includeUsage: true,
        fetch: createEndpointFetch(clock, { ...limits, ...(silenceMs && { modelSilenceMs: silenceMs }) }),
        // Images are fetched by the endpoint, never by this server.
        supportedUrls: () => ({ "image/*": [/^https?:/i] }),
        transformRequestBody: (body) => ({
          ...Object.fromEntries(Object.entries(body).filter(([field]) => !learned.fields.has(field))),
          ...extraBody,
        }),
        ...(headers ? { headers: { ...headers } } : {}),
        ...(apiKey ? { apiKey } : {}),
      }).chatModel(name);
    return { sdk, model };
  }

  /** The delay before the next attempt; undefined when there is none. */
  function pauseBefore(attempt: number, failure: Failure, retriesMax = limits.retriesMax): number | undefined {
    if (!failure.retryable || attempt >= retriesMax) return undefined;
    const { retryAfterMs } = failure;
    if (retryAfterMs === undefined) return Math.min(limits.retryFirstDelayMs * 2 ** attempt, limits.retryDelayMaxMs);
    return retryAfterMs <= limits.retryDelayMaxMs ? retryAfterMs : undefined;
  }

  /** Has no `cause`, because the SDK's error quotes the request and the endpoint's words about the key. */
  function finalError({ message, errorCode, retryAfterMs }: Failure, tries: number): AgentError {
    const tried = tries > 1 ? ` (Tried ${tries} times.)` : "";
    const tooLong = retryAfterMs !== undefined && retryAfterMs > limits.retryDelayMaxMs;
    const asked = tooLong
      ? ` (It asks you to wait ${Math.ceil(retryAfterMs / 1000)} s before you send the message again.)`
      : "";
    return new AgentError(errorCode, message + tried + asked);
  }

  async function* run(agentRun: AgentRun) {
    loading ??= load();
    const { sdk, model } = await loading;
    const settings = listed().find(({ name }) => name === agentRun.model) ?? { name: agentRun.model };
    const learned = learnedOf.get(agentRun.model) ?? new Learned();
    learnedOf.set(agentRun.model, learned);
    const endpointModel = model(settings, learned);
    const callOptions = new Map<string, ProviderOptions>();
    const { signal, reasoningEffort } = agentRun;

    async function* step(context: StepContext): AsyncGenerator<AgentEvent | StepEnd, void, undefined> {
      let attempt = 0;
      for (;;) {
        const { messages: history, left } = fitted(context.messages, learned.bytesFor(settings.contextWindow));
        if (left !== undefined && context.index === 0 && attempt === 0) yield leftOut(left);
        const tools = learned.tools && settings.tools !== false ? agentRun.tools : [];
        const vision = learned.images && settings.vision !== false;
        const calls = new ToolCalls(`${provider}/${agentRun.model}`, callOptions);
        const reasoning = settings.reasoning === false ? "none" : learned.reasoning;
        const form = { vision, tools: tools.length > 0, reasoning, calls };
        const messages = toModelMessages(history, form);
        if (messages.length === 0) throw new AgentError("provider-failed", "There is no message to answer.");
        if (settings.instructions !== undefined && agentRun.purpose === undefined)
          messages.unshift({ role: "system", content: settings.instructions });
        const bytes = bytesOf(history);
        context.timer.begin();
        try {
          const call = callModel({
            sdk,
            model: endpointModel,
            messages,
            run: { signal, reasoningEffort, tools },
            context,
            thinkTags: settings.thinkTags !== false,
            parameters: settings.parameters ?? {},
            remember: (toolCallId, wanted) => callOptions.set(toolCallId, wanted),
            onWarning: (warnings) => logger.debug("agent: warning from the AI SDK", { provider, warnings }),
          });
          for await (const event of call) {
            if (event.type === "usage") learned.measured(bytes, event.usage.inputTokens);
            yield event;
          }
          return;
        } catch (error) {
          agentRun.signal.throwIfAborted();
          const failure = failureOf(error, endpoint, clock.wall());
          const { message, code } = failure;
          const remedy = context.timer.hasToken
            ? undefined
            : learned.from(failure, sentIn(messages, bytes, form.tools));
          if (remedy !== undefined) {
            logger.warn("agent: a request was refused and is changed", {
              provider,
              model: agentRun.model,
              code,
              remedy,
            });
            yield { type: "provider-retry", attempt, delayMs: 0, message: remedy, ...(code !== undefined && { code }) };
            continue;
          }
          // No retry after the first token: a second answer would contradict the text that was already shown.
          const delayMs = context.timer.hasToken ? undefined : pauseBefore(attempt, failure, settings.retries);
          logger.warn("agent: model call failed", { provider, model: agentRun.model, attempt, code, delayMs });
          if (delayMs === undefined) throw finalError(failure, attempt + 1);
          yield { type: "provider-retry", attempt, delayMs, message, ...(code === undefined ? {} : { code }) };
          await sleep(clock, delayMs, agentRun.signal);
          agentRun.signal.throwIfAborted();
          attempt++;
        }
      }
    }

    return yield* runSteps(agentRun, clock, step, limits);
  }

  return { provider, models: () => listed().map(infoOf), accepts: (model) => model !== "", run };
}

const infoOf = ({ name, contextWindow, vision }: ModelSettings): ModelInfo => ({
  ...{ name, ...(contextWindow !== undefined && { contextWindow }) },
  ...(vision !== undefined && { vision }),
});

const leftOut = (count: number): AgentEvent => ({
  type: "provider-retry",
  attempt: 0,
  delayMs: 0,
  message: `The conversation is larger than the model's context: ${count} messages are left out.`,
});

function checkedUrl(baseUrl: string): URL {
  // The value is not quoted, because it may contain a password.
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new Error(
      'The base URL of the model endpoint must be an http or https URL like "http://127.0.0.1:11434/v1".',
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("The base URL of the model endpoint must not contain a user name or password. Use an API key.");
  }
  return url;
}
