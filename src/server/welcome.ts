// What a person who starts the server reads after the ready line: where to open it, and whether its models are real.
import * as v from "valibot";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { Config } from "./config.ts";
import type { RunningServer } from "./server.ts";

/** Where Ollama listens if nothing else was said. */
const usualOllama = "http://127.0.0.1:11434/v1";
const answerMs = 500;

/** Where to open the page. A token that the server has made is in the link's fragment, which no browser sends. */
export const addressLine = ({ httpUrl, madeToken }: Pick<RunningServer, "httpUrl" | "madeToken">): string =>
  `Open ${httpUrl}/${madeToken === undefined ? "" : `#token=${madeToken}`} in a browser.`;

/** @param ollama the base URL at which one is looked for, for half a second, when no endpoint is configured. */
export async function modelsLine(
  { endpoint, model, readModels }: Pick<Config, "endpoint" | "model" | "readModels">,
  clock: Clock,
  ollama: string = usualOllama,
): Promise<string> {
  if (endpoint) {
    const names = endpoint.models.map((name) => `openai/${name}`);
    return `Models: ${[...new Set([...(model ? [model] : []), ...names])].join(", ")} at ${hostOf(endpoint.baseUrl)}.`;
  }
  if (readModels) return "Models: those of the models file; turnwire models lists and tries them.";
  const found = await firstModelAt(ollama, clock);
  const [how, baseUrl, name] =
    found === undefined
      ? ["For a real one, name an OpenAI-compatible endpoint", usualOllama, "qwen3:8b"]
      : ["An Ollama answers here", ollama, found];
  return `Models: only demos. ${how}: TURNWIRE_BASE_URL=${baseUrl} TURNWIRE_MODEL=${name} npm start`;
}

/** Never the whole URL, because its query may be a secret. */
const hostOf = (baseUrl: string): string => (URL.canParse(baseUrl) ? new URL(baseUrl).host : "the endpoint");

/** A name that can be typed as it is. */
const models = v.object({ data: v.array(v.object({ id: v.pipe(v.string(), v.regex(/^[\w.:/-]{1,100}$/)) })) });

async function firstModelAt(baseUrl: string, clock: Clock): Promise<string | undefined> {
  const late = new AbortController();
  const over = new AbortController();
  void sleep(clock, answerMs, over.signal).then(() => late.abort());
  try {
    const answer = await fetch(`${baseUrl}/models`, { signal: late.signal, redirect: "error" });
    const { success, output } = v.safeParse(models, await answer.json());
    return success ? output.data[0]?.id : undefined;
  } catch {
    return undefined;
  } finally {
    over.abort();
  }
}
