// Prints src/limits.ts as tables for docs/reference/limits.md: a table per section and a row per limit, in the file's
// order, with the text of the limit's comment.
import { limits } from "../../src/limits.ts";

interface Row {
  name: string;
  about: string;
}

const sectionPattern = /^ {2}\/\/ ── (.+?) ─+$/;
const namePattern = /^ {2}(\w+): /;

/** @param text of src/limits.ts. @throws Error when a limit has no comment, or belongs to no section. */
export function limitsTables(text: string): string {
  const sections: { title: string; rows: Row[] }[] = [];
  let comment: string[] = [];
  for (const line of text.split("\n")) {
    const [, title] = sectionPattern.exec(line) ?? [];
    const [, name] = namePattern.exec(line) ?? [];
    const [, words] = /^ {2} ?(?:\/\*)?\*(?!\/) ?(.*?)(?: ?\*\/)?$/.exec(line) ?? [];
    if (title !== undefined) sections.push({ title, rows: [] });
    else if (words !== undefined) comment.push(words);
    else if (name !== undefined) {
      const about = comment.join(" ").trim();
      if (about === "") throw new Error(`src/limits.ts: ${name} has no comment`);
      const section = sections.at(-1);
      if (!section) throw new Error(`src/limits.ts: ${name} belongs to no section`);
      section.rows.push({ name, about });
      comment = [];
    }
  }
  return sections.map(({ title, rows }) => tableOf(title, rows)).join("\n\n");
}

function tableOf(title: string, rows: readonly Row[]): string {
  const heading = `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`;
  const lines = rows.map(({ name, about }) => `| \`${name}\` | ${shown(name)} | ${about} |`);
  return [heading, "", "| limit | default | what it bounds |", "|---|---|---|", ...lines].join("\n");
}

const units: readonly [pattern: RegExp, show: (value: number) => string][] = [
  // Excludes what is counted per millisecond (flushWatchersPerMs).
  [/(?<!Per)Ms(?![a-z])/, milliseconds],
  [/(?:^b|B)ytes(?![a-z])/, bytes],
];

function shown(name: string): string {
  const value = limits[name as keyof typeof limits];
  const [, show] = units.find(([pattern]) => pattern.test(name)) ?? [undefined, plain];
  return show(value);
}

const plain = (value: number): string => value.toLocaleString("en");

/** Uses the largest unit that gives a whole number. */
function inUnits(value: number, sizes: readonly [size: number, unit: string][]): string {
  const [size, unit] = sizes.find(([size]) => value >= size && value % size === 0) ?? [1, sizes.at(-1)?.[1] ?? ""];
  return `${plain(value / size)} ${unit}`;
}

function milliseconds(value: number): string {
  return inUnits(value, [
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
    [1, "ms"],
  ]);
}

function bytes(value: number): string {
  return inUnits(value, [
    [1_048_576, "MiB"],
    [1_024, "KiB"],
    [1, "bytes"],
  ]);
}
