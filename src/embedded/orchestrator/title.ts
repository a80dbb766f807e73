// A conversation's title: the beginning of its first text, white space collapsed. Never splits a character.

const charactersMax = 80;
/** Enough to find 80 characters after long white space; a prompt may have a million. */
const searchedMax = 4_000;

export function titleOf(text: string): string | null {
  const collapsed = text.slice(0, searchedMax).replace(/\s+/g, " ").trim();
  return [...collapsed].slice(0, charactersMax).join("").trimEnd() || null;
}
