// Caches the JSON of the newest long text. A long prompt is encoded several times (for its event, for the history and
// for its size in the log), which takes 3–5 ms per MiB each time; with the cache it is encoded once.

/** Shorter texts are not cached; encoding one takes 20 µs. */
const longCharacters = 4_096;

/** Longer texts are not cached, because the newest one is held until another replaces it. */
const keptCharactersMax = 2 ** 20;

let newest: { text: string; json: string } | undefined;

/** The same as JSON.stringify(text). */
export function cachedJson(text: string): string {
  if (text.length < longCharacters || text.length > keptCharactersMax) return JSON.stringify(text);
  if (newest?.text !== text) newest = { text, json: JSON.stringify(text) };
  return newest.json;
}

/** The same as JSON.stringify(object), undefined included. */
export function objectJson(object: object): string | undefined {
  if (!hasLongText(object)) return JSON.stringify(object);
  const fields: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    const json: string | undefined = typeof value === "string" ? cachedJson(value) : JSON.stringify(value);
    if (json !== undefined) fields.push(`${JSON.stringify(name)}:${json}`);
  }
  return `{${fields.join(",")}}`;
}

/** Is this a plain object (no array, no toJSON) with a long text among its own fields? */
function hasLongText(object: object): boolean {
  if (Array.isArray(object) || "toJSON" in object) return false;
  for (const value of Object.values(object))
    if (typeof value === "string" && value.length >= longCharacters) return true;
  return false;
}
