// Copies this repository as a new reader gets it, with its packages linked instead of installed. Must never change the
// original.
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

export const repository = join(import.meta.dirname, "../..");

/** What git ignores, and git's own files. */
const notCopied = /^(?:\.git|\.turnwire|\.package\.json\.original|node_modules|bench|coverage|dist|soak|.*\.tgz)$/;

export function copyWorkingTree(to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(repository))
    if (!notCopied.test(name)) cpSync(join(repository, name), join(to, name), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(to, "node_modules"));
}
