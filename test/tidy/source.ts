// The files of this repository as the tidy checks see them. A check is a function of such files, so that it can run on
// a broken sample as easily as on the real files.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Source {
  /** Below the root, with forward slashes. */
  path: string;
  text: string;
}

const notOurs = new Set(["node_modules", ".git", "coverage", "dist", ".turnwire"]);
const isText =
  /\.(ts|js|mjs|json|jsonc|md|html|css|sh|yml|yaml|txt|sql|toml)$|(^|\/)(run|LICENSE|\.[a-z]+rc|\.gitignore)$/;

/** Every text file below the root, except installed, generated and ignored ones. */
export function sourcesOf(root: string): Source[] {
  const sources: Source[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      if (notOurs.has(entry.name)) continue;
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && isText.test(path)) {
        sources.push({ path, text: readFileSync(join(root, path), "utf8") });
      }
    }
  };
  visit("");
  return sources.sort((one, other) => (one.path < other.path ? -1 : 1));
}

export const isIn =
  (...directories: string[]) =>
  (source: Source): boolean =>
    directories.some((directory) => source.path.startsWith(`${directory}/`));

export const isTypeScript = (source: Source): boolean => source.path.endsWith(".ts");
export const isScript = (source: Source): boolean => /\.(ts|js|mjs)$/.test(source.path);
export const isPage = isIn("src/page");

/** One finding per match: its position and what is wrong with it. `code` has the same lines as the file. */
export function findAll(
  source: Source,
  code: string,
  pattern: RegExp,
  say: (match: RegExpMatchArray) => string,
): string[] {
  return [...code.matchAll(pattern)].map((match) => `${source.path}:${lineAt(code, match.index)}: ${say(match)}`);
}

export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}
