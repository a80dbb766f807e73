// Prints the generated parts of documents: the table of rooms, and the tables of limits. Each part is delimited by two
// comments with its name, and the text around them is never changed.
import { readFileSync } from "node:fs";
import { roomsTable } from "../../test/tidy/rooms.ts";
import { limitsTables } from "./limits-tables.ts";

const root = new URL("../../", import.meta.url);

/** The documents, each with its part's name and the function that prints it. */
const printed: readonly [path: string, name: string, print: () => string][] = [
  ["docs/architecture.md", "rooms", roomsTable],
  ["docs/reference/limits.md", "limits", () => limitsTables(readFileSync(new URL("src/limits.ts", root), "utf8"))],
];

/** The text that each of these documents should have, by path. @throws Error when a delimiter is missing */
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
