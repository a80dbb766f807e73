// Compiles the TypeScript and JavaScript of the documents like user code: against the packed package, as strictly as
// the repository's own code.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputOf, run } from "../support/run.ts";
import { repository } from "../support/working-tree.ts";
import { type Block, onlyBlocks } from "./blocks.ts";

export const isCode = ({ language }: Block): boolean => language === "ts" || language === "js";

/**
 * The compiler's errors in the blocks, with the line numbers of the documents. `consumer`: where the package is
 * installed.
 */
export async function compileErrors(consumer: string, blocks: readonly Block[]): Promise<string[]> {
  const directory = join(consumer, "documents");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  const compilerOptions = { moduleDetection: "force" };
  const settings = { extends: join(repository, "tsconfig.json"), compilerOptions, include: ["*"], exclude: [] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(settings));
  for (const block of blocks) {
    const name = `${block.document.replaceAll("/", "%")}%${block.line}.${block.language}`;
    writeFileSync(join(directory, name), onlyBlocks([block]));
  }
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", ".", "--pretty", "false"];
  const output = await run(process.execPath, args, { cwd: directory, timeout: 60_000 }).then(() => "", outputOf);
  return output
    .trimEnd()
    .split("\n")
    .filter((line) => /^\S/.test(line))
    .map((line) =>
      line.replace(
        /^(\S+)%\d+\.[jt]s\((\d+),(\d+)\)/,
        (_, path: string, row: string, column: string) => `${path.replaceAll("%", "/")}:${row}:${column}`,
      ),
    );
}
