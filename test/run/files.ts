// Finds the test files and their budgets. A pattern that matches no file is an error, never an empty success.
import { globSync } from "node:fs";
import { budgets, type FileBudget, type Form } from "../budgets.ts";

export interface TestFile {
  /** Below the root, with forward slashes. */
  path: string;
  seconds: number;
  deadlineMs: number;
  isAlone: boolean;
}

/**
 * All test files below root/test whose path contains one of the patterns, in running order. Without patterns, all files
 * that have this form.
 */
export function testFiles(
  root: string,
  patterns: readonly string[],
  rows: readonly FileBudget[],
  form: Form = "short",
): TestFile[] {
  const all = globSync("test/**/*.test.ts", { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  if (all.length === 0) throw new Error(`there is no test/**/*.test.ts in ${root}`);
  for (const pattern of patterns) {
    if (!all.some((path) => path.includes(pattern))) {
      throw new Error(`no test file has "${pattern}" in its path; there are ${all.length}, such as ${all[0]}`);
    }
  }
  const rowOf = (path: string): FileBudget | undefined => rows.find((candidate) => path.includes(candidate.path));
  const isChosen = (path: string): boolean =>
    patterns.length === 0 ? hasForm(rowOf(path), form) : patterns.some((pattern) => path.includes(pattern));
  return all
    .filter(isChosen)
    .map((path) => budgeted(path, rowOf(path), form))
    .sort(inRunningOrder);
}

const hasForm = (row: FileBudget | undefined, form: Form): boolean =>
  form === "short" ? row === undefined || row.seconds !== undefined : row?.longSeconds !== undefined;

function budgeted(path: string, row: FileBudget | undefined, form: Form): TestFile {
  const [first, second] = form === "long" ? [row?.longSeconds, row?.seconds] : [row?.seconds, row?.longSeconds];
  const seconds = first ?? second ?? 0;
  return {
    path,
    seconds,
    deadlineMs: Math.max(budgets.fileDeadlineMs, seconds * budgets.deadlineFactor * 1_000),
    isAlone: row?.alone === true || path.endsWith(".alone.test.ts"),
  };
}

/** The longest files come first, so that the last one to run is short. Files that run alone come at the end. */
function inRunningOrder(one: TestFile, other: TestFile): number {
  if (one.isAlone !== other.isAlone) return one.isAlone ? 1 : -1;
  return other.seconds - one.seconds || (one.path < other.path ? -1 : 1);
}
