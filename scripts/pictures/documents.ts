// The parts of documents that are printed from code: the table of rooms, and the page of limits. Each stands between
// two comments that name it, so that the sentences around it are written by hand.
import { readFileSync } from "node:fs";
import { roomsTable } from "../../test/tidy/rooms.ts";
import { limitsTables } from "./limits-tables.ts";

const root = new URL("../../", import.meta.url);

/** Document → the name of its printed part and what is to stand there. */
const printed: readonly [path: string, name: string, print: () => string][] = [
  ["docs/architecture.md", "rooms", roomsTable],
  ["docs/reference/limits.md", "limits", () => limitsTables(readFileSync(new URL("src/limits.ts", root), "utf8"))],
];

/** Every such document's path below the root, with the text that it should have. */
export function printDocuments(): Map<string, string> {
  return new Map(printed.map(([path, name, print]) => [path, withPart(path, name, print())]));
}

function withPart(path: string, name: string, part: string): string {
  const text = readFileSync(new URL(path, root), "utf8");
  const [begin, end] = [`<!-- ${name}: printed by npm run pictures -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} must have the lines "${begin}" and "${end}"`);
  return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
}
