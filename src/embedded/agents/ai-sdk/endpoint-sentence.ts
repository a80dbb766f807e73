// The endpoint's own sentence about a failure, whatever shape it has: OpenAI's {error: {message}}, a flat {message} or
// {detail}, FastAPI's list of faults, arrays, JSON within a string, plain text.
import { isRecord, jsonIn } from "./fields.ts";

/** Where endpoints put their sentence, the most telling first. */
const places = ["error", "errors", "message", "Message", "detail", "msg", "error_msg", "error_description"];
const morePlaces = ["base_resp", "status_msg", "fault", "faultstring", "title", "reason"];
const depthMax = 6;

/** Undefined when there is no sentence, as in an empty body or a page of HTML. */
export function sentenceOf(value: unknown, depth = 0): string | undefined {
  if (depth > depthMax) return undefined;
  if (typeof value === "string") {
    const text = value.trim();
    if (text === "" || text.startsWith("<")) return undefined;
    return sentenceOf(jsonIn(text), depth + 1) ?? text;
  }
  if (Array.isArray(value)) {
    const sentences = value.slice(0, 10).flatMap((item) => sentenceOf(item, depth + 1) ?? []);
    return sentences.length === 0 ? undefined : [...new Set(sentences)].join("; ");
  }
  if (!isRecord(value)) return undefined;
  for (const place of [...places, ...morePlaces]) {
    const sentence = sentenceOf(value[place], depth + 1);
    if (sentence !== undefined) return withPlace(withCause(sentence, value, depth), value);
  }
  return undefined;
}

/** OpenRouter's message is only "Provider returned error"; what the provider said is JSON in `metadata.raw`. */
function withCause(sentence: string, value: Record<string, unknown>, depth: number): string {
  const { metadata } = value;
  const cause = isRecord(metadata) ? sentenceOf(metadata["raw"], depth + 1) : undefined;
  return cause === undefined ? sentence : `${sentence}: ${cause}`;
}

/** FastAPI names the field of a fault in `loc`: ["body", "messages", 0]. */
function withPlace(sentence: string, { loc }: Record<string, unknown>): string {
  return Array.isArray(loc) && loc.length > 0 ? `${loc.join(".")}: ${sentence}` : sentence;
}
