// Imports point one way: src → machines → xstate. Each rule here forbids one direction.
import { posix } from "node:path";
import { mask } from "./mask.ts";
import { findAll, isIn, isPage, isScript, lineAt, type Source } from "./source.ts";

export interface Import {
  /** The specifier as written. */
  from: string;
  /** The imported file, below the root; undefined for a package or a built-in module. */
  target: string | undefined;
  isTypeOnly: boolean;
  line: number;
}

const statement =
  /\b(import|export)\s+(type\s+)?(?:[\w*{][^;'"]*?\sfrom\s*)?["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']/g;

export function importsOf(source: Source): Import[] {
  const { code, withoutComments: text } = mask(source.text);
  // An import inside a string is only a sample.
  const found = [...text.matchAll(statement)].filter((match) => code[match.index] !== " ");
  return found.map((match) => {
    const from = match[3] ?? match[4] ?? "";
    const target = from.startsWith(".") ? posix.join(posix.dirname(source.path), from) : undefined;
    return { from, target, isTypeOnly: match[2] !== undefined, line: lineAt(text, match.index) };
  });
}

/** Finds forbidden imports, each with the rule that it breaks. */
export function wrongImports(sources: readonly Source[]): string[] {
  return sources.filter(isScript).flatMap((source) =>
    importsOf(source).flatMap((found) => {
      const why = whyNot(source, found);
      return why === undefined ? [] : [`${source.path}:${found.line}: imports "${found.from}": ${why}`];
    }),
  );
}

/** Finds private names of XState. Only one file may use them, so that an update of XState is checked there. */
export function privateNames(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => isIn("src", "machines")(source) && isScript(source) && source.path !== internals)
    .flatMap((source) =>
      findAll(source, mask(source.text).code, /\._(?:nodes|parent|transitions|scheduledEvents)\b/g, ([name]) => {
        return `\`${name}\` is private to XState: read it in ${internals}`;
      }),
    );
}

const internals = "src/runtime/xstate-internals.ts";

const isMachine = isIn("machines");
const isSource = isIn("src");
const isVisualizer = isIn("visualizations/live");

function whyNot(source: Source, { from, target, isTypeOnly }: Import): string | undefined {
  const targetIsIn = (directory: string): boolean => target?.startsWith(`${directory}/`) === true;
  if (isMachine(source)) {
    if (from === "xstate" || (targetIsIn("machines") && target !== undefined)) return undefined;
    if (targetIsIn("src/protocol"))
      return isTypeOnly ? undefined : "a machine takes types from src/protocol, never values";
    return "a machine imports nothing but xstate, its siblings and types from src/protocol";
  }
  if (isPage(source)) {
    return targetIsIn("src/page") ? undefined : "the page runs in browsers and imports nothing but its own modules";
  }
  if (isVisualizer(source)) {
    return targetIsIn("visualizations/live") || /^\/[\w-]+\.js$/.test(from)
      ? undefined
      : "the visualizer runs in browsers and imports nothing but its own modules and the page's";
  }
  if (!isSource(source)) return undefined;
  if (from === "ws" || from.startsWith("ws/")) {
    return isIn("src/transport")(source) ? undefined : "only src/transport imports ws";
  }
  if (target === "src/limits.ts" && !isTypeOnly && !isIn("src/server")(source) && source.path !== "src/turnwire.ts")
    return "the defaults are for src/server alone: everything else takes its limits as a parameter";
  if (target !== undefined && !targetIsIn("src") && !targetIsIn("machines") && target !== "package.json") {
    return "src imports nothing but src and machines";
  }
  if (targetIsIn("src/page")) return "the page is served, not imported";
  return undefined;
}
