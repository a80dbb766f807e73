// The models file (--models): providers, each an OpenAI-compatible endpoint with its models. It is read at the start
// and on SIGHUP. A mistake is one sentence with its place and the remedy. A key stands in the environment, never in it.
import { readFileSync } from "node:fs";
import * as v from "valibot";
import type { ModelSettings } from "../embedded/agents/ai-sdk/settings.ts";
import { errorMessage } from "../ports/guard.ts";
import { readSecret } from "./config/secrets.ts";

export class ModelsFileError extends Error {
  override name = "ModelsFileError";
}

export interface ProviderSettings {
  /** The first part of `<provider>/<model>`. */
  name: string;
  /** Without `/chat/completions`; its query is sent with every request. */
  baseUrl: string;
  apiKey: string | undefined;
  headers: Readonly<Record<string, string>>;
  /** `discover`: what the endpoint's GET /models lists. */
  models: ModelSettings[] | "discover";
}

export interface ModelsFile {
  providers: ProviderSettings[];
  /** `<provider>/<model>`. */
  defaultModel: string | undefined;
  /** The environment variables that hold keys. */
  keyVariables: string[];
}

const aboveZero = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(1, "must be above 0"),
);
const flag = v.exactOptional(v.boolean("must be true or false"));
const text = v.pipe(v.string("must be a text"), v.nonEmpty("must not be empty"));
const number = v.exactOptional(v.number("must be a number"));
const withoutSpaces = v.pipe(text, v.regex(/^\S+$/, "must have no spaces"));

const parameters = v.strictObject({
  temperature: number,
  topP: number,
  topK: number,
  maxOutputTokens: v.exactOptional(aboveZero),
  presencePenalty: number,
  frequencyPenalty: number,
  seed: v.exactOptional(v.pipe(v.number("must be a number"), v.integer("must be a whole number"))),
  stopSequences: v.exactOptional(v.array(text, "must be a list of texts")),
});

const model = v.strictObject({
  name: withoutSpaces,
  contextWindow: v.exactOptional(aboveZero),
  vision: flag,
  tools: flag,
  reasoning: flag,
  thinkTags: flag,
  instructions: v.exactOptional(text),
  parameters: v.exactOptional(parameters),
  extraBody: v.exactOptional(v.record(v.string(), v.unknown(), "must be an object")),
  silenceMs: v.exactOptional(aboveZero),
  retries: v.exactOptional(
    v.pipe(v.number("must be a number"), v.integer("must be a whole number"), v.minValue(0, "must not be below 0")),
  ),
});

const provider = v.strictObject({
  baseUrl: v.pipe(
    text,
    v.check(isHttpUrl, "must be an http or https URL without a password, as http://127.0.0.1:11434/v1"),
  ),
  apiKeyEnv: v.exactOptional(v.pipe(text, v.regex(/^\w+$/, "must be the name of an environment variable"))),
  headers: v.exactOptional(v.record(v.string(), v.string("must be a text"), "must be an object"), {}),
  models: v.union(
    [v.literal("discover"), v.pipe(v.array(model), v.minLength(1, "must name a model"))],
    (issue) => unionMessage(issue) ?? 'must be "discover" or a list of models, each with a name',
  ),
});

const providerName = v.pipe(
  v.string(),
  v.regex(/^[a-zA-Z0-9][\w.-]{0,39}$/, "is no name for a provider: letters, digits, . _ - and at most 40 of them"),
  v.notValue("demo", "is the name of the demo models: choose another"),
);

const file = v.strictObject({
  $schema: v.exactOptional(v.string()),
  default: v.exactOptional(v.pipe(text, v.regex(/^[^/\s]+\/\S+$/, "must be <provider>/<model>"))),
  providers: v.record(providerName, provider, "must be an object of providers by their names"),
});

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.username === "";
}

/** Of a list with a mistake in it, the mistake; valibot tells only that no form fits. */
function unionMessage({ input }: { input: unknown }): string | undefined {
  if (!Array.isArray(input)) return undefined;
  for (const [index, one] of input.entries()) {
    const { issues } = v.safeParse(model, one, { abortEarly: true });
    if (issues)
      return `.${[index, v.getDotPath(issues[0])].filter((part) => part !== null).join(".")} ${wordsOf(issues[0])}`;
  }
  return input.length === 0 ? "must name a model" : undefined;
}

type Issue = v.BaseIssue<unknown>;

/** valibot's own words for a missing or an unknown key are of its library. */
const wordsOf = ({ type, received, message, expected }: Issue): string => {
  if (type === "strict_object" && expected === "never") return "is not known here";
  return received === "undefined" ? "is missing" : message;
};

/** @param environment has the keys. @throws ModelsFileError */
export function readModelsFile(path: string, environment: Readonly<Record<string, string | undefined>>): ModelsFile {
  const fail = (words: string): never => {
    throw new ModelsFileError(`The models file ${path} is not usable: ${words}.`);
  };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? `it is not JSON (${error.message})` : errorMessage(error);
    return fail(reason);
  }
  const result = v.safeParse(file, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const where = v.getDotPath(issue) ?? "its content";
    const words = wordsOf(issue);
    return fail(words.startsWith(".") ? where + words : `${where} ${words}`);
  }
  const providers = Object.entries(result.output.providers).map(
    ([name, { apiKeyEnv, ...settings }]): ProviderSettings => {
      const apiKey = apiKeyEnv === undefined ? undefined : readSecret(environment, apiKeyEnv);
      if (apiKeyEnv !== undefined && !apiKey)
        fail(`providers.${name}.apiKeyEnv names ${apiKeyEnv}, which is not set: set it, or leave the field out`);
      return { name, apiKey, ...settings };
    },
  );
  if (providers.length === 0) fail("providers must have one at least");
  const { default: defaultModel } = result.output;
  const [named] = defaultModel?.split("/") ?? [];
  if (defaultModel !== undefined && !providers.some(({ name }) => name === named)) {
    const known = providers.map(({ name }) => name).join(", ");
    fail(`default is ${defaultModel}, and providers has no ${named}: it has ${known}`);
  }
  const keyVariables = Object.values(result.output.providers).flatMap(({ apiKeyEnv }) => apiKeyEnv ?? []);
  return { providers, defaultModel, keyVariables };
}
