// Each limit, close code, flag and dependency has a row in a table of its document.
import type { Source } from "./source.ts";

/** The words without a row of their own. @param path The document that must have the rows. */
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
