// Links in Markdown: each relative one must lead to a file of the repository, and its anchor to a heading of that file.
import { posix } from "node:path";
import type { Source } from "./source.ts";

const link =
  /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)|<(?:a|img)\s[^>]*(?:href|src)="([^"]+)"/g;

/** @param exists Whether a path below the root exists. */
export function deadLinks(sources: readonly Source[], exists: (path: string) => boolean): string[] {
  const documents = sources.filter(({ path }) => path.endsWith(".md"));
  const anchors = new Map(documents.map(({ path, text }) => [path, anchorsOf(text)]));

  const problem = (from: string, target: string): string | undefined => {
    const [address = "", anchor] = target.split("#");
    if (address.startsWith("/")) return "is no relative path";
    const path = address === "" ? from : posix.join(posix.dirname(from), decodeURIComponent(address));
    if (path.startsWith("..")) return "leads out of the repository";
    if (!exists(path)) return "leads to no file";
    const isThere = anchor === undefined || anchors.get(path)?.has(anchor) === true;
    return isThere ? undefined : `leads to no heading of ${path}`;
  };

  return documents.flatMap(({ path, text }) =>
    proseLines(text).flatMap((line, index) =>
      [...line.replaceAll(/`[^`]*`/g, "").matchAll(link)].flatMap(([, inline, reference, tag]) => {
        const target = inline ?? reference ?? tag ?? "";
        const found = /^[a-z][a-z0-9+.-]*:/i.test(target) ? undefined : problem(path, target);
        return found === undefined ? [] : [`${path}:${index + 1}: the link ${target} ${found}`];
      }),
    ),
  );
}

/** The lines of the text, where those of fenced code are empty. */
function proseLines(text: string): string[] {
  let fence: string | undefined;
  return text.split("\n").map((line) => {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    const isInside = fence !== undefined;
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence)) fence = undefined;
    return isInside || mark !== undefined ? "" : line;
  });
}

/**
 * The anchors as GitHub makes them: from the visible text, in lower case, without punctuation. The second heading of a
 * name gets -1.
 */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of proseLines(text)) {
    const [, heading] = /^#{1,6}\s+(.+?)\s*#*$/.exec(line) ?? [];
    if (heading === undefined) continue;
    const seen = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const name = seen.replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "").replaceAll(" ", "-");
    let anchor = name;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${name}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
