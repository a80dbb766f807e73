// Compares the coverage that c8 reports with the floors in test/budgets.ts. A source file that no test loads counts
// with all its lines as uncovered. A file of types only has no lines to cover.
import { spawn } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { join, relative } from "node:path";
import { budgets, type Floor } from "../budgets.ts";
import { findChromium } from "../support/find-chromium.ts";

interface Count {
  total: number;
  covered: number;
}

/** One file's figures in c8's coverage-summary.json. */
export type FileCoverage = Record<"lines" | "branches", Count>;

const coverageDirectory = (root: string): string => join(root, "coverage");
const rawDirectory = (root: string): string => join(coverageDirectory(root), "tmp");

/** Deletes the last run's coverage. Returns the environment that makes the test files write theirs. */
export function beginCoverage(root: string): { NODE_V8_COVERAGE: string } {
  rmSync(coverageDirectory(root), { recursive: true, force: true });
  mkdirSync(rawDirectory(root), { recursive: true });
  return { NODE_V8_COVERAGE: rawDirectory(root) };
}

/** Prints c8's table (its other settings are in .c8rc.json). Returns a sentence for every missed floor. */
export async function reportCoverage(root: string, floors: readonly Floor[]): Promise<string[]> {
  const c8 = createRequire(import.meta.url).resolve("c8/bin/c8.js");
  const where = [`--temp-directory=${rawDirectory(root)}`, `--reports-dir=${coverageDirectory(root)}`];
  const unreachable = typeOnlyFiles(root).map((path) => `--exclude=${path}`);
  const reporters = ["--reporter=text", "--reporter=json-summary", "--reporter=html"];
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const child = spawn(process.execPath, [c8, "report", ...where, ...reporters, ...unreachable], {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: budgets.coverageDeadlineMs,
    killSignal: "SIGKILL",
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("exit", resolve);
  child.once("error", reject);
  const exitCode = await promise;
  if (exitCode !== 0) return [`the coverage report failed (exit code ${exitCode}; null: it took too long)`];
  return missedFloors(summaryOf(root), floors, findChromium() !== undefined);
}

function summaryOf(root: string): Map<string, FileCoverage> {
  const summary: unknown = JSON.parse(readFileSync(join(coverageDirectory(root), "coverage-summary.json"), "utf8"));
  const files = new Map<string, FileCoverage>();
  for (const [path, figures] of Object.entries(summary as Record<string, FileCoverage>)) {
    if (path !== "total") files.set(relative(root, path).replaceAll("\\", "/"), figures);
  }
  return files;
}

/**
 * Returns a sentence for every missed floor. A floor holds for the files of its directory together, except those of a
 * narrower floor.
 */
export function missedFloors(
  files: ReadonlyMap<string, FileCoverage>,
  floors: readonly Floor[],
  hasBrowser: boolean,
): string[] {
  const missed: string[] = [];
  for (const floor of floors) {
    if (floor.needsBrowser && !hasBrowser) continue;
    const inside = [...files].filter(([path]) => narrowest(floors, path) === floor);
    for (const kind of ["lines", "branches"] as const) {
      const percent = percentOf(inside.map(([, figures]) => figures[kind]));
      if (percent >= floor[kind]) continue;
      const worst = inside
        .map(([path, figures]) => ({ path, open: figures[kind].total - figures[kind].covered }))
        .sort((one, other) => other.open - one.open)
        .slice(0, 5)
        .map(({ path, open }) => `${path} (${open})`);
      missed.push(
        `coverage of ${floor.directory}: ${percent.toFixed(2)} % of the ${kind}, the floor is ${floor[kind]} %; ` +
          `most is missing in ${worst.join(", ")}`,
      );
    }
  }
  return missed;
}

function narrowest(floors: readonly Floor[], path: string): Floor | undefined {
  const fitting = floors.filter(({ directory }) => path.startsWith(directory));
  return fitting.sort((one, other) => other.directory.length - one.directory.length)[0];
}

function percentOf(counts: readonly Count[]): number {
  let total = 0;
  let covered = 0;
  for (const count of counts) {
    total += count.total;
    covered += count.covered;
  }
  return total === 0 ? 100 : (100 * covered) / total;
}

/** Files without code: after the types and comments are removed, nothing is left. */
export function typeOnlyFiles(root: string): string[] {
  const paths = globSync(["src/**/*.ts", "machines/**/*.ts"], { cwd: root });
  return paths
    .filter((path) => isTypeOnly(readFileSync(join(root, path), "utf8")))
    .map((path) => path.replaceAll("\\", "/"));
}

export function isTypeOnly(text: string): boolean {
  const code = stripTypeScriptTypes(text).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  return code.replace(/export\s*\{\s*\}/g, "").replace(/[\s;]/g, "") === "";
}
