// Runs the commands of a document as its reader would: from top to bottom, in a fresh copy of the repository, with a
// home directory of its own. Servers that the commands start end with them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { outputOf, run } from "../support/run.ts";
import { copyWorkingTree } from "../support/working-tree.ts";
import { type Block, onlyBlocks } from "./blocks.ts";

export const isRun = ({ language, note }: Block): boolean => language === "sh" && note === "";
export const isNotRun = ({ language, note }: Block): boolean => language === "sh" && note === "no-run";
const isFile = ({ note }: Block): boolean => /^[\w./-]+\.\w+$/.test(note);

/** Deadline for one document, which may start several servers one after the other. */
const documentMs = 90_000;

/**
 * Returns what the commands printed. After a failure, the output ends with the line of the failed command. `blocks`: of
 * one document.
 */
export async function runBlocks(document: string, blocks: readonly Block[]): Promise<{ ok: boolean; output: string }> {
  const root = mkdtempSync(join(tmpdir(), "turnwire-document-"));
  const script = join(root, basename(document));
  try {
    const cwd = join(root, "turnwire");
    copyWorkingTree(cwd);
    writeFileSync(script, onlyBlocks(blocks.filter(isRun)));
    for (const { note, text } of blocks.filter(isFile)) writeFileSync(join(cwd, note), text);
    const kept = Object.entries(process.env).filter(([name]) => !/^(?:TURNWIRE|XDG|NODE|npm)_/.test(name));
    // The reader's own Node is used, not the one that runs this.
    const path = process.env["PATH"]?.split(delimiter).filter((part) => !part.endsWith("node_modules/.bin")) ?? [];
    const own = { HOME: root, PATH: path.join(delimiter), BASH_ENV: join(import.meta.dirname, "prelude.bash") };
    const env = { ...Object.fromEntries(kept), ...own };
    const { stdout, stderr } = await run("bash", [script], { cwd, env, timeout: documentMs });
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    return { ok: false, output: outputOf(error).replaceAll(script, document) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const outside = /\b(?:https?|wss?):\/\/(?!(?:127\.0\.0\.1|localhost|\[::1\]):2420[35]\b)/;

/** The commands of a block that need nothing but this server. */
export function ownCommands({ text }: Block): string[] {
  const commands = text.replaceAll("\\\n", " ").split("\n");
  return commands.filter((command) => /^\s*[^#\s]/.test(command) && !outside.test(command));
}
