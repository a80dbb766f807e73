// Finds exported names that no other file uses, by a simple comparison of words.
import { mask } from "./mask.ts";
import { isScript, lineAt, type Source } from "./source.ts";

const declaration =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(const|let|function\*?|class|interface|type)\s+(\w+)/gm;

/** `entries` are the package's entry points, whose exports are for its users. */
export function unusedExports(sources: readonly Source[], entries: ReadonlySet<string>): string[] {
  const scripts = sources.filter((source) => isScript(source) || source.path.endsWith(".html"));
  const words = new Map(scripts.map((source) => [source.path, wordsOf(source)]));
  return scripts
    .filter((source) => isScript(source) && !entries.has(source.path))
    .flatMap((source) => {
      const { code } = mask(source.text);
      return [...code.matchAll(declaration)].flatMap((match) => {
        const [, kind = "", name = ""] = match;
        const isType = kind === "interface" || kind === "type" || kind === "class";
        // A type may be exported so that a caller can name what a function here takes, returns or throws.
        const own = isType ? (words.get(source.path)?.get(name) ?? 0) > 1 : false;
        const others = [...words].some(([path, table]) => path !== source.path && table.has(name));
        if (own || others) return [];
        return [`${source.path}:${lineAt(code, match.index)}: \`${name}\` is exported and nobody uses it`];
      });
    });
}

function wordsOf(source: Source): Map<string, number> {
  const words = new Map<string, number>();
  const text = isScript(source) ? mask(source.text).withoutComments : source.text;
  for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}
