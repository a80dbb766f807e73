// What a person needs of a failed file at the end of a run, when its output has long scrolled away: which tests failed,
// and the first lines of what each said.

import { stripVTControlCharacters } from "node:util";

/** Lines of one error, and of the output of a file that ended without a failed test. */
const linesMax = 6;
const lineCharactersMax = 400;

/** uvu's report of a failed test: its suite, its name, and its error up to the next one. */
const failedTest = /^ {3}FAIL {2}(?:(.+?) {2})?"(.*)"\n((?:(?! {3}FAIL {2}| {2}Total: ).*\n)*)/gm;

/** By failed test its name and its error; where none failed, the last lines of the output. */
export function failuresIn(output: string): string[] {
  const failed = [...output.matchAll(failedTest)].flatMap(([, suite, name = "", error = ""]) => [
    `✘ ${suite === undefined ? "" : `${suite}: `}${name}`,
    ...linesOf(error).slice(0, linesMax).map(indented),
  ]);
  return failed.length > 0 ? failed : lastLinesOf(output).map(indented);
}

const plain = (line: string): string => stripVTControlCharacters(line).trimEnd().slice(0, lineCharactersMax);

const indented = (line: string): string => `  ${line}`;

/** Without the stack, which begins where the words end. */
function linesOf(error: string): string[] {
  const lines = error.split("\n").map((line) => plain(line));
  const stackAt = lines.findIndex((line) => /^ +at .*:\d+:\d+\)?$/.test(line));
  const words = stackAt < 0 ? lines : lines.slice(0, stackAt);
  // An error of several lines stands there twice: as what it says, and at the top of its stack.
  return [...new Set(words.map((line) => line.replace(/^ {4}/, "")))].filter((line) => line.trim() !== "");
}

/** From the last error on, where there is one: what follows it is its stack. */
function lastLinesOf(output: string): string[] {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const errorAt = lines.findLastIndex((line) => /^\S*Error\b.*: /.test(line));
  const shown = errorAt < 0 ? lines.slice(-linesMax) : lines.slice(errorAt, errorAt + linesMax);
  return shown.map((line) => plain(line));
}
