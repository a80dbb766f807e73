// Reads fields of JSON that may be of any type. Must never throw.

export type Fields = Record<string, unknown>;

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The array or object in the text; undefined when it has none. */
export function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined also for the empty string, which says as much. */
export const textIn = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** The named fields that have the type. */
export function pick(from: Fields, type: "string" | "number", ...names: string[]): Fields {
  return Object.fromEntries(names.filter((name) => typeof from[name] === type).map((name) => [name, from[name]]));
}
