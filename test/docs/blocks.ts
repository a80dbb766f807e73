// The code blocks of the documents that a reader follows: both READMEs and the guides.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/working-tree.ts";

export interface Block {
  /** Path of the document below the root. */
  document: string;
  /** The line number in the document of the first line of the text. */
  line: number;
  language: string;
  /** The words after the language: `no-run`, or the name of the file that the text belongs to. */
  note: string;
  text: string;
}

/** The documents' paths and texts. */
export function documents(): { path: string; text: string }[] {
  const paths = globSync(["README.md", "examples/README.md", "docs/guides/*.md"], { cwd: repository });
  return paths.sort().map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
}

const fence = /^( *)(`{3,}) *(\S*) *([^\n]*)\n(.*?)^ *\2 *$/gms;

export function blocksOf(document: string, text: string): Block[] {
  return [...text.matchAll(fence)].map(({ index, 1: indent, 3: language = "", 4: note = "", 5: content = "" }) => ({
    document,
    line: text.slice(0, index).split("\n").length + 1,
    language,
    note: note.trim(),
    text: content.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** A text of only these blocks, each line at its line number in the document. */
export function onlyBlocks(blocks: readonly Block[]): string {
  const lines: string[] = [];
  for (const { line, text } of blocks) {
    while (lines.length < line - 1) lines.push("");
    lines.push(...text.trimEnd().split("\n"));
  }
  return `${lines.join("\n")}\n`;
}
