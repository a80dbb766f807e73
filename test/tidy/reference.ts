// What a reader may look up has a row in a table of its document: a limit, a close code, a flag, a dependency.
import type { Source } from "./source.ts";

/** The words without a row of their own. @param path of the document that must have them. */
export function withoutRow(sources: readonly Source[], path: string, words: readonly string[]): string[] {
  const document = sources.find((source) => source.path === path);
  if (document === undefined) return [`${path}: there is none`];
  const rows = document.text.split("\n").filter((line) => line.trimStart().startsWith("|"));
  const hasRow = (word: string): boolean => {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`^\\s*\\|[^|]*(?<![\\w/@.-])${escaped}(?![\\w/-])[^|]*\\|`);
    return rows.some((row) => pattern.test(row));
  };
  return [...new Set(words)].filter((word) => !hasRow(word)).map((word) => `${path}: no table row for ${word}`);
}
