// Paths that a text names: each must lead to a file. What moves is then found wherever it is spoken of.
import { posix } from "node:path";
import type { Source } from "./source.ts";

/** Below the root, or from the file itself: `src/cli.ts`, `../../src/page/`. What begins with test/ may be a model. */
const spelled =
  /(?<![\w@/.*$}-])((?:\.\.\/)*)((?:(?:src|machines|scripts|docs|visualizations)\/[\w./-]*[\w/])|test\/[\w./-]*\.ts)/g;
/** Those that give broken samples to the checks, or files of a package that is made for a test. */
const inventors = /^test\/(tidy\/|run\.test\.ts|package\.test\.ts)|^scripts\/prepack\.ts$/;
/** Made by commands, and ignored by git. */
const made = /^(?:dist|coverage|bench|soak)\b/;

/** Every path in a source or a document that leads nowhere. */
export function deadPaths(sources: readonly Source[]): string[] {
  const files = new Set(sources.map(({ path }) => path));
  const folders = new Set<string>();
  for (const { path } of sources)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) folders.add(path.slice(0, at));
  const leads = (path: string): boolean => {
    const bare = path.replace(/\/$/, "");
    // A picture is no text, and a name may stand without its extension.
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
