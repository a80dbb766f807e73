// What an endpoint has refused for one model, so that it is not sent again while the process lives. An endpoint says
// what it dislikes in words only; each word that is understood here is tried once.
import type { ModelMessage } from "ai";
import type { Failure } from "./failure.ts";

/** Fields of a request that an endpoint may not know. Without any of them it can still answer. */
const optionalFields = ["stream_options", "reasoning_effort", "parallel_tool_calls", "tool_choice", "tools"] as const;
/** The same, of those that are only sent when they are set. */
const parameterFields = ["temperature", "top_p", "top_k", "max_tokens", "presence_penalty", "frequency_penalty"];

/** What was in the request that was refused. */
export interface Sent {
  tools: boolean;
  images: boolean;
  reasoning: boolean;
  calls: boolean;
  /** Of all messages. */
  bytes: number;
}

/** 400, 413, 422 refuse a request. OpenRouter says 404 where no endpoint has tools, llama.cpp 500 or 501. */
const refusals = new Set(["400", "404", "413", "422", "500", "501"]);

const aboutTools = /\btools?\b|tool[_ -]?(choice|call)|function[_ -]?call/i;
const aboutImages = /image|vision|multi-?modal|content.{0,40}(must|should|expected).{0,20}string/i;
const aboutReasoning = /reasoning/i;
const insists = /missing|must be|required|passed back/i;
const aboutSize =
  /context (length|window|size)|maximum context|too (long|large|many tokens)|exceeds?.{0,40}(token|context|length)/i;
const tokensIn = /(?:maximum|max|limit|only|context)\D{0,60}?(\d{3,8})/i;

export class Learned {
  readonly fields = new Set<string>();
  tools = true;
  images = true;
  reasoning: "tools" | "none" | "all" = "tools";
  /** The messages may have at most so many bytes. */
  bytesMax = Number.POSITIVE_INFINITY;
  /** Measured with the last answer. Until then, that of English. */
  bytesPerToken = 4;

  /** @returns what is done about the refusal, in a sentence; undefined: nothing, it counts as a failure. */
  from(failure: Failure, sent: Sent): string | undefined {
    const { code, message: words } = failure;
    if (code === undefined || !refusals.has(code)) return undefined;
    if (aboutSize.test(words)) return this.#shorten(words, sent);
    if (code !== "400" && code !== "422" && !aboutTools.test(words)) return undefined;
    if (aboutReasoning.test(words) && !words.includes("reasoning_effort")) {
      if (insists.test(words) && sent.calls && this.reasoning !== "all") {
        this.reasoning = "all";
        return "The model wants its reasoning back: asked again with it.";
      }
      if (sent.reasoning && this.reasoning !== "none") {
        this.reasoning = "none";
        return "The model endpoint does not take reasoning: asked again without it.";
      }
    }
    const known = [...optionalFields, ...parameterFields];
    const field = known.find((name) => words.includes(name) && !this.fields.has(name));
    if (field !== undefined && field !== "tools" && field !== "tool_choice") {
      this.fields.add(field);
      return `The model endpoint does not know ${field}: asked again without it.`;
    }
    if (sent.tools && aboutTools.test(words)) {
      this.tools = false;
      return "The model has no tools: asked again without them.";
    }
    if (sent.images && aboutImages.test(words)) {
      this.images = false;
      return "The model takes no images: asked again without them.";
    }
    return undefined;
  }

  #shorten(words: string, { bytes }: Sent): string | undefined {
    const tokens = Number(tokensIn.exec(words)?.[1] ?? Number.NaN);
    const byTokens = tokens * this.bytesPerToken * 0.8;
    // An estimate that would not make it shorter is none.
    const bytesMax = byTokens < bytes * 0.95 ? byTokens : bytes * 0.6;
    if (bytesMax < 200 || bytesMax >= this.bytesMax) return undefined;
    this.bytesMax = Math.floor(bytesMax);
    return "The conversation is larger than the model's context: its oldest part is left out.";
  }

  /** @param contextWindow in tokens, where it is known. A tenth is left for the answer. */
  bytesFor(contextWindow: number | undefined): number {
    const byWindow = contextWindow === undefined ? Number.POSITIVE_INFINITY : contextWindow * 0.9 * this.bytesPerToken;
    return Math.min(this.bytesMax, byWindow);
  }

  /** An answer has come: how large the question was, and how many tokens the endpoint counted. */
  measured(bytes: number, tokens: number): void {
    if (tokens > 100) this.bytesPerToken = Math.min(8, Math.max(1, bytes / tokens));
  }
}

export function sentIn(messages: readonly ModelMessage[], bytes: number, tools: boolean): Sent {
  const types = new Set<string>(
    messages.flatMap(({ content }) => (typeof content === "string" ? [] : content.map(({ type }) => type))),
  );
  return { tools, bytes, images: types.has("file"), reasoning: types.has("reasoning"), calls: types.has("tool-call") };
}
