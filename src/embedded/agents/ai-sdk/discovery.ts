// The models that an endpoint lists at GET /models. It is asked at the start and, while somebody looks at the list,
// every few minutes; what it said last stays when it does not answer.
import * as v from "valibot";
import { errorMessage } from "../../../ports/guard.ts";
import { type Clock, sleep } from "../../../runtime/clock.ts";
import type { ModelSettings } from "./settings.ts";

export interface DiscoveryOptions {
  baseUrl: string;
  headers: Readonly<Record<string, string>>;
  clock: Clock;
  /** Told with a sentence when the endpoint could not be asked. */
  onFailure(sentence: string): void;
}

const refreshMs = 5 * 60_000;
const answerMs = 5_000;
const modelsMax = 1_000;
const answerBytesMax = 8 * 1024 * 1024;

const count = v.fallback(v.optional(v.number()), undefined);
/** OpenRouter, vLLM and llama.cpp say how large the context is, each in its own way. */
const listed = v.object({
  data: v.array(
    v.object({
      id: v.pipe(v.string(), v.nonEmpty()),
      context_length: count,
      max_model_len: count,
      meta: v.fallback(v.optional(v.object({ n_ctx_train: count })), undefined),
      architecture: v.fallback(v.optional(v.object({ input_modalities: v.array(v.string()) })), undefined),
    }),
  ),
});

export class Discovery {
  readonly #options: DiscoveryOptions;
  #models: ModelSettings[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** What the endpoint listed last. */
  list(): ModelSettings[] {
    if (this.#options.clock.now() - this.#askedAt > refreshMs) void this.refresh();
    return this.#models;
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    const { clock, baseUrl, headers, onFailure } = this.#options;
    this.#askedAt = clock.now();
    const late = new AbortController();
    const over = new AbortController();
    void sleep(clock, answerMs, over.signal).then(() =>
      late.abort(new Error(`no answer within ${answerMs / 1_000} s`)),
    );
    const url = new URL(baseUrl);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/models`;
    try {
      const response = await fetch(url, { headers, signal: late.signal, redirect: "error" });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      const { data } = v.parse(listed, JSON.parse(await boundedText(response)));
      this.#models = data
        .filter(({ id }) => !/embed/i.test(id))
        .slice(0, modelsMax)
        .map(settingsOf);
    } catch (error) {
      onFailure(`the models of ${url.host} could not be listed: ${reasonOf(error)}`);
    } finally {
      over.abort();
    }
  }
}

function settingsOf({
  id,
  context_length,
  max_model_len,
  meta,
  architecture,
}: v.InferOutput<typeof listed>["data"][number]) {
  const contextWindow = context_length ?? max_model_len ?? meta?.n_ctx_train;
  const vision = architecture?.input_modalities.includes("image");
  return { name: id, ...(contextWindow !== undefined && { contextWindow }), ...(vision !== undefined && { vision }) };
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new Error(`its list is larger than ${answerBytesMax / 1024 / 1024} MiB`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** fetch hides the reason in the error's cause. */
const reasonOf = (error: unknown): string => {
  if (error instanceof v.ValiError || error instanceof SyntaxError) return "its answer is no list of models";
  return errorMessage(error instanceof Error && error.cause instanceof Error ? error.cause : error);
};
