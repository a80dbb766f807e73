// The form of every file: its size, its opening sentence, the width of its lines, and forbidden words.
import { mask } from "./mask.ts";
import { findAll, isIn, isScript, type Source } from "./source.ts";

const linesToThinkAt = 250;
const linesMax = 400;
const columnsMax = 120;

const isOurCode = isIn("src", "machines", "visualizations/live");
const isSized = (source: Source): boolean => isOurCode(source) && /\.(ts|js|mjs|css|html)$/.test(source.path);
const linesOf = (source: Source): number => source.text.split("\n").length - (source.text.endsWith("\n") ? 1 : 0);

export function tooLong(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => isSized(source) && linesOf(source) > linesMax)
    .map((source) => `${source.path}: ${linesOf(source)} lines, at most ${linesMax}: split it by concept`);
}

/** Files that are allowed, but long enough to think about a split. */
export function nearlyTooLong(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => isSized(source) && linesOf(source) > linesToThinkAt && linesOf(source) <= linesMax)
    .map((source) => `${source.path}: ${linesOf(source)} lines; above ${linesToThinkAt}, think`);
}

export function wideLines(sources: readonly Source[]): string[] {
  const tooWide = new RegExp(`^.{${columnsMax + 1},}$`, "gmu");
  return sources
    .filter((source) => /\.(ts|js|mjs|css|html)$/.test(source.path))
    .flatMap((source) =>
      findAll(source, source.text, tooWide, ([line]) => `${[...line].length} columns, at most ${columnsMax}`),
    );
}

export function withoutOpening(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => isScript(source) && (isOurCode(source) || isIn("test", "scripts")(source)))
    .filter((source) => !/^(#!.*\n)?(\/\/ \S|\/\*\*? ?\S)/.test(source.text))
    .map((source) => `${source.path}: opens without a sentence on what it is and what it must never do`);
}

/** The tidy files contain what they forbid. */
const isTidy = (source: Source): boolean => source.path.startsWith("test/tidy");

export function unfinishedWords(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => !isTidy(source) && source.path !== "package-lock.json")
    .flatMap((source) =>
      findAll(source, source.text, /\b(TODO|FIXME|XXX|HACK)\b/g, ([word]) => `"${word}": finish it, or open an issue`),
    );
}

export function escapesFromTypes(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => isScript(source) && !isTidy(source))
    .flatMap((source) => {
      const { code } = mask(source.text);
      const isOurs = isOurCode(source);
      return [
        ...findAll(source, code, /(\bas|[:<,|&(=])\s*any\b(?!\s*[:(.])/g, () => "`any`: say what it is, or `unknown`"),
        ...findAll(
          source,
          code,
          /(?<=[\w)\]])!(?=[.,;:)\]}[(]|\s(?!=))/g,
          () => "non-null `!`: ask, and handle the other case",
        ),
        ...(source.path.endsWith(".js") ? escapesFromJsDoc(source) : []),
        ...findAll(source, source.text, /@ts-(ignore|nocheck)\b/g, ([word]) => `${word}: solve the type`),
        ...(isOurs ? findAll(source, source.text, /@ts-expect-error\b/g, ([word]) => `${word}: solve the type`) : []),
        ...(isOurs ? findAll(source, source.text, /\b[cv]8 ignore\b/g, ([word]) => `"${word}": test it`) : []),
      ];
    });
}

/** The page's types are in its JSDoc comments. */
const escapesFromJsDoc = (source: Source): string[] => [
  ...findAll(
    source,
    source.text,
    /(?<=[{<|&:,(]\s*|=>\s*)any\b(?=\s*[}>|&,)[\]])/g,
    () => "`any`: say what it is, or `unknown`",
  ),
  ...findAll(source, source.text, /@type \{(?!const\})[^\n]*\} \*\/ \(/g, () => "a cast: ask with a guard"),
];
