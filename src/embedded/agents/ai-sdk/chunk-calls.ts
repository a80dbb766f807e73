// Reads the tool calls of a chunk as they were meant. Arguments are the text of a JSON object, in pieces; some send the
// object itself, one call instead of a list, or the old function_call.
import { type Fields, isRecord, pick } from "./fields.ts";

const callFields = ["id", "function", "name", "arguments"];

/** @param isWhole whether the list is complete, and so needs no index. In pieces, two calls would get the same one. */
export function callsIn(delta: Fields | undefined, isWhole: boolean) {
  const { tool_calls: calls, function_call: old } = delta ?? {};
  const list = Array.isArray(calls) ? calls : isRecord(calls) ? [calls] : isRecord(old) ? [{ function: old }] : [];
  const usable = list.filter(isRecord).filter((call) => callFields.some((name) => name in call));
  return usable.map((call, position) => {
    const target = isRecord(call["function"]) ? call["function"] : call;
    const index = Number(call["index"] ?? Number.NaN);
    const id = call["id"];
    return {
      ...(Number.isNaN(index) ? (isWhole ? { index: position } : {}) : { index }),
      ...(typeof id === "string" || typeof id === "number" ? { id: String(id) } : {}),
      function: { ...pick(target, "string", "name"), ...argumentsOf(target["arguments"]) },
      ...(isRecord(call["extra_content"]) ? { extra_content: signatureOf(call["extra_content"]) } : {}),
    };
  });
}

function argumentsOf(value: unknown): { arguments?: string } {
  if (typeof value === "string") return { arguments: value };
  // An empty object in the first chunk is a place for the pieces that follow.
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return {};
  return { arguments: JSON.stringify(value) };
}

/** Gemini's, which it wants back with the call. */
function signatureOf({ google }: Fields): Fields {
  return { google: isRecord(google) ? pick(google, "string", "thought_signature") : null };
}
