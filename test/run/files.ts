// Which test files there are and what each may cost. A pattern that finds nothing is an error, never an empty success.
import { globSync } from "node:fs";
import { budgets, type FileBudget } from "../budgets.ts";

export interface TestFile {
  /** Below the root, with forward slashes. */
  path: string;
  deadlineMs: number;
  isAlone: boolean;
}

/** All test files below root/test whose path contains one of the patterns (all without patterns), in running order. */
export function testFiles(root: string, patterns: readonly string[], rows: readonly FileBudget[]): TestFile[] {
  const all = globSync("test/**/*.test.ts", { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  if (all.length === 0) throw new Error(`there is no test/**/*.test.ts in ${root}`);
  for (const pattern of patterns) {
    if (!all.some((path) => path.includes(pattern))) {
      throw new Error(`no test file has "${pattern}" in its path; there are ${all.length}, such as ${all[0]}`);
    }
  }
  const chosen = patterns.length === 0 ? all : all.filter((path) => patterns.some((pattern) => path.includes(pattern)));
  return chosen.map((path) => budgeted(path, rows)).sort(inRunningOrder);
}

function budgeted(path: string, rows: readonly FileBudget[]): TestFile {
  const row = rows.find((candidate) => path.includes(candidate.path));
  return {
    path,
    deadlineMs: row?.deadlineMs ?? budgets.fileDeadlineMs,
    isAlone: row?.alone === true || path.endsWith(".alone.test.ts"),
  };
}

/** The longest first, so that the last to run is short; those that run alone at the end. */
function inRunningOrder(one: TestFile, other: TestFile): number {
  if (one.isAlone !== other.isAlone) return one.isAlone ? 1 : -1;
  return other.deadlineMs - one.deadlineMs || (one.path < other.path ? -1 : 1);
}
