// Each path that a text names must lead to a file, so that references to a moved file are found.
import { posix } from "node:path";
import type { Source } from "./source.ts";

/**
 * Below the root, or relative to the file: `src/cli.ts`, `../../src/page/`. A path in test/ needs its .ts, because the
 * name of a model may begin with test/.
 */
const spelled =
  /(?<![\w@/.*$}-])((?:\.\.\/)*)((?:(?:src|machines|scripts|docs|visualizations)\/[\w./-]*[\w/])|test\/[\w./-]*\.ts)/g;
/** Files with invented paths, as broken samples for the checks or as files of a package that a test makes. */
const inventors = /^test\/(tidy\/|run\.test\.ts|package\.test\.ts)|^scripts\/prepack\.ts$/;
/** Folders that commands create and git ignores. */
const made = /^(?:dist|coverage|bench|soak)\b/;

/** Every path in a source or a document that leads nowhere. */
export function deadPaths(sources: readonly Source[]): string[] {
  const files = new Set(sources.map(({ path }) => path));
  const folders = new Set<string>();
  for (const { path } of sources)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) folders.add(path.slice(0, at));
  const leads = (path: string): boolean => {
    const bare = path.replace(/\/$/, "");
    // Pictures are not among the sources.
    return files.has(bare) || folders.has(bare) || /\.(png|svg)$/.test(bare) || made.test(bare);
  };
  return sources
    .filter(({ path }) => !inventors.test(path) && /\.(ts|js|md|json|yaml)$/.test(path) && path !== "package-lock.json")
    .flatMap((source) =>
      source.text.split("\n").flatMap((line, index) =>
        [...line.matchAll(spelled)].flatMap(([, up = "", path = ""]) => {
          const fromRoot = posix.normalize(path);
          const fromHere = posix.normalize(posix.join(posix.dirname(source.path), up, path));
          if (leads(fromRoot) || leads(fromHere)) return [];
          return [`${source.path}:${index + 1}: "${up}${path}" leads nowhere`];
        }),
      ),
    );
}
