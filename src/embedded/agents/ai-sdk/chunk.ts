// Reads one chunk of a chat completion as it was meant, whatever an endpoint made of the format, and writes it in the
// form that the AI SDK accepts. A field of another type never costs the rest of the answer.
import { callsIn } from "./chunk-calls.ts";
import { sentenceOf } from "./endpoint-sentence.ts";
import { type Fields, isRecord, pick, textIn } from "./fields.ts";

export interface ReadChunk {
  /** JSON for the SDK. */
  json: string;
  kind: "answer" | "error";
  /** Has text, reasoning or a tool call. */
  says: boolean;
  finishes: boolean;
  argumentCharacters: number;
}

/**
 * Undefined for what says nothing: null, a ping, a chunk without choices and usage.
 * @param event the type of the stream's event, if it has one
 * @param whole whether a `message` counts, as in an answer that is not streamed. Beside deltas it would repeat them.
 */
export function readChunk(
  value: unknown,
  { event, whole }: { event: string | undefined; whole: boolean },
): ReadChunk | undefined {
  if (!isRecord(value)) return undefined;
  const choice = Array.isArray(value["choices"]) ? value["choices"].find(isRecord) : undefined;
  const error = errorIn(value, event) ?? (choice && errorIn(choice, undefined));
  if (error) {
    return { json: JSON.stringify({ error }), kind: "error", says: false, finishes: false, argumentCharacters: 0 };
  }
  const usage = usageIn(value);
  if (!choice && !usage) return undefined;
  const said = deltaIn(choice, whole);
  const calls = callsIn(said, !isRecord(choice?.["delta"]));
  const delta = { ...wordsIn(choice, said), ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  const finish = textIn(choice?.["finish_reason"]);
  const finish_reason = finish === "null" ? null : (finish ?? null);
  const chunk = {
    ...pick(value, "string", "id", "model"),
    ...pick(value, "number", "created"),
    choices: choice ? [{ index: 0, delta, finish_reason }] : [],
    ...(usage ? { usage } : {}),
  };
  return {
    json: JSON.stringify(chunk),
    kind: "answer",
    says: Object.keys(delta).length > 0,
    finishes: finish_reason !== null,
    argumentCharacters: calls.reduce((sum, call) => sum + (call.function.arguments?.length ?? 0), 0),
  };
}

/** `error: null` and `error: {}` are no errors. Without choices, a flat error is recognised by its marks. */
function errorIn(value: Fields, event: string | undefined): Fields | undefined {
  const { error, detail, base_resp: base } = value;
  const has = isRecord(error) ? Object.values(error).some(Boolean) : Boolean(error);
  const flat = [value["object"], value["type"], event].includes("error") || (detail ?? "") !== "";
  const refused = isRecord(base) && Boolean(base["status_code"]);
  if (!has && (Array.isArray(value["choices"]) || !(flat || refused))) return undefined;
  const from = isRecord(error) ? error : value;
  return {
    message: sentenceOf(value) ?? JSON.stringify(has ? error : value),
    ...pick(from, "string", "type", "code"),
    ...pick(from, "number", "code", "status"),
  };
}

function deltaIn(choice: Fields | undefined, whole: boolean): Fields | undefined {
  if (isRecord(choice?.["delta"])) return choice["delta"];
  return whole && isRecord(choice?.["message"]) ? choice["message"] : undefined;
}

function wordsIn(choice: Fields | undefined, delta: Fields | undefined): Fields {
  if (!delta) return typeof choice?.["text"] === "string" ? { content: choice["text"] } : {};
  const parts = partsIn(delta["content"]);
  // Some send the same reasoning under two names.
  const named = ["reasoning_content", "reasoning", "thinking"].map((name) => textIn(delta[name]));
  const details = delta["reasoning_details"];
  const reasoning = named.find(Boolean) ?? textIn(parts.reasoning) ?? textIn(partsIn(details).text);
  const refusal = textIn(delta["refusal"]);
  return {
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(parts.text === "" ? {} : { content: parts.text }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** Content is a string, one part, or a list of parts; Mistral puts reasoning into parts of type `thinking`. */
function partsIn(content: unknown): { text: string; reasoning: string } {
  if (typeof content === "string") return { text: content, reasoning: "" };
  const words = { text: "", reasoning: "" };
  for (const part of Array.isArray(content) ? content : [content]) {
    if (typeof part === "string") words.text += part;
    if (!isRecord(part)) continue;
    const thought = partsIn(part["thinking"]).text;
    if (thought !== "") words.reasoning += thought;
    else words.text += textIn(part["text"]) ?? textIn(part["summary"]) ?? "";
  }
  return words;
}

function usageIn({ usage, x_groq: groq }: Fields): Fields | undefined {
  const found = usage ?? (isRecord(groq) ? groq["usage"] : undefined);
  if (!isRecord(found)) return undefined;
  const { prompt_tokens_details: input, completion_tokens_details: output } = found;
  return {
    ...pick(found, "number", "prompt_tokens", "completion_tokens", "total_tokens"),
    ...(isRecord(input) ? { prompt_tokens_details: pick(input, "number", "cached_tokens") } : {}),
    ...(isRecord(output) ? { completion_tokens_details: pick(output, "number", "reasoning_tokens") } : {}),
  };
}
