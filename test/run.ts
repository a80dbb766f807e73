// Runs the tests: every test/**/*.test.ts of the working directory in a process of its own, with a deadline. Its last
// line says how many passed and failed; it never says "0 failed" when anything at all went wrong.
//
//   node test/run.ts                      all of them, in their short form
//   node test/run.ts --coverage           the same with a coverage report and its floors: `npm run check`
//   node test/run.ts --long               those that have a long form, in that form
//   node test/run.ts watch surface        those with one of these words in their path
//   node test/run.ts --coverage watch     with a coverage report, whose floors are not judged
//   node test/run.ts --deadline-ms 5000   every file has this deadline, whatever its budget says
import { join } from "node:path";
import { parseArgs } from "node:util";
import { budgets, coverageFloors, type Form, fileBudgets } from "./budgets.ts";
import { beginCoverage, reportCoverage } from "./run/coverage.ts";
import { failuresIn } from "./run/failures.ts";
import { type TestFile, testFiles } from "./run/files.ts";
import { endAll, runFile } from "./run/process.ts";
import { type Verdict, verdictOn } from "./run/verdict.ts";

const root = process.cwd();
const startedAt = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
/** What the run prints at its end: each failure with its details. */
const failures: string[] = [];

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(what: string, details: string[] = []): void {
  failures.push([what, ...details.map((line) => `  ${line}`)].join("\n"));
  say(`FAIL  ${what}`);
}

async function runOne(file: TestFile, env: NodeJS.ProcessEnv): Promise<void> {
  if (performance.now() - startedAt > budgets.runDeadlineMs) {
    total.failed += 1;
    return fail(`${file.path} did not begin: the run took longer than ${budgets.runDeadlineMs / 60_000} minutes`);
  }
  const began = performance.now();
  const ended = await runFile(file.path, { root, deadlineMs: file.deadlineMs, env });
  const verdict = verdictOn(ended);
  total.passed += verdict.passed;
  total.failed += verdict.failed;
  total.skipped += verdict.skipped;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (verdict.failed === 0) return say(`ok    ${file.path}  ${countsOf(verdict)}  ${seconds} s`);
  say(`\n${ended.output.trimEnd()}`);
  fail(`${file.path}  ${verdict.reason ?? countsOf(verdict)}  ${seconds} s`, failuresIn(ended.output));
}

function countsOf({ passed, failed, skipped }: Omit<Verdict, "reason">): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

async function runAll(files: TestFile[], env: NodeJS.ProcessEnv): Promise<void> {
  const together = files.filter((file) => !file.isAlone);
  const worker = async (): Promise<void> => {
    for (let file = together.shift(); file !== undefined; file = together.shift()) await runOne(file, env);
  };
  await Promise.all(Array.from({ length: budgets.filesAtOnce }, worker));
  for (const file of files) if (file.isAlone) await runOne(file, env);
}

function milliseconds(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`--deadline-ms must be a whole number of milliseconds, not "${text}"`);
}

async function main(): Promise<void> {
  const boolean = { type: "boolean" } as const;
  const options = { coverage: boolean, long: boolean, "deadline-ms": { type: "string" } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const form: Form = values.long === true ? "long" : "short";
  const isWhole = positionals.length === 0 && form === "short";
  const isCovered = values.coverage === true;
  const deadlineMs = values["deadline-ms"];
  const files = testFiles(root, positionals, fileBudgets, form);
  if (deadlineMs !== undefined) for (const file of files) file.deadlineMs = milliseconds(deadlineMs);
  // uvu can print colours, but its summary is parsed here.
  const { FORCE_COLOR: _, NODE_V8_COVERAGE: __, NODE_COMPILE_CACHE: ___, ...inherited } = process.env;
  const env = { ...inherited, NO_COLOR: "1", TEST_FORM: form };
  // Hundreds of processes load the same files, so that they share a compile cache. That cache makes coverage less
  // exact.
  const NODE_COMPILE_CACHE = join(root, "node_modules/.cache/tests");
  await runAll(files, { ...env, ...(isCovered ? beginCoverage(root) : { NODE_COMPILE_CACHE }) });
  if (isCovered) {
    const missed = await reportCoverage(root, isWhole ? coverageFloors : []);
    total.failed += missed.length;
    for (const sentence of missed) fail(sentence);
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(1);
  });
}
try {
  await main();
} catch (error) {
  total.failed += 1;
  fail(error instanceof Error ? error.message : String(error));
}
if (failures.length > 0) say(`\nFailed:\n\n${failures.join("\n\n")}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
say(`\n${Math.round((performance.now() - startedAt) / 1000)} s${skipped}`);
say(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
