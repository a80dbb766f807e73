// The JSON of long texts. A long prompt is written as JSON by several parts of the house (its event, its place in the
// history, what it costs in the log), 3–5 ms a MiB each time: whoever comes first writes it for all.

/** A shorter text is written anew in no time, 20 µs. */
const longCharacters = 4_096;

/** Longer ones are not kept: the newest is kept until there is another. */
const keptCharactersMax = 2 ** 20;

let newest: { text: string; json: string } | undefined;

/** What JSON.stringify makes of the text. */
export function cachedJson(text: string): string {
  if (text.length < longCharacters || text.length > keptCharactersMax) return JSON.stringify(text);
  if (newest?.text !== text) newest = { text, json: JSON.stringify(text) };
  return newest.json;
}

/** What JSON.stringify makes of an object without toJSON; undefined where that makes nothing of it. */
export function objectJson(object: object): string | undefined {
  if (!hasLongText(object)) return JSON.stringify(object);
  const fields: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    const json: string | undefined = typeof value === "string" ? cachedJson(value) : JSON.stringify(value);
    if (json !== undefined) fields.push(`${JSON.stringify(name)}:${json}`);
  }
  return `{${fields.join(",")}}`;
}

/** Is one of its own fields a long text, and is it an object as JSON writes them? */
function hasLongText(object: object): boolean {
  if (Array.isArray(object) || "toJSON" in object) return false;
  for (const value of Object.values(object))
    if (typeof value === "string" && value.length >= longCharacters) return true;
  return false;
}
