// Summarises a failed file at the end of a run, when its output has scrolled away: the failed tests, and the first
// lines of each error.

import { stripVTControlCharacters } from "node:util";

/** The most lines of one error, and of the output of a file that ended without a failed test. */
const linesMax = 6;
const lineCharactersMax = 400;

/** uvu's report of a failed test: its suite, its name, and its error up to the next one. */
const failedTest = /^ {3}FAIL {2}(?:(.+?) {2})?"(.*)"\n((?:(?! {3}FAIL {2}| {2}Total: ).*\n)*)/gm;

/** The name and the error of each failed test; if no test failed, the last lines of the output. */
export function failuresIn(output: string): string[] {
  const failed = [...output.matchAll(failedTest)].flatMap(([, suite, name = "", error = ""]) => [
    `✘ ${suite === undefined ? "" : `${suite}: `}${name}`,
    ...linesOf(error).slice(0, linesMax).map(indented),
  ]);
  return failed.length > 0 ? failed : lastLinesOf(output).map(indented);
}

const plain = (line: string): string => stripVTControlCharacters(line).trimEnd().slice(0, lineCharactersMax);

const indented = (line: string): string => `  ${line}`;

/** The lines of an error without its stack trace. */
function linesOf(error: string): string[] {
  const lines = error.split("\n").map((line) => plain(line));
  const stackAt = lines.findIndex((line) => /^ +at .*:\d+:\d+\)?$/.test(line));
  const words = stackAt < 0 ? lines : lines.slice(0, stackAt);
  // An error of several lines appears twice: as its message, and at the top of its stack trace.
  return [...new Set(words.map((line) => line.replace(/^ {4}/, "")))].filter((line) => line.trim() !== "");
}

/** Begins at the last error if there is one, because what follows is its stack trace. */
function lastLinesOf(output: string): string[] {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const errorAt = lines.findLastIndex((line) => /^\S*Error\b.*: /.test(line));
  const shown = errorAt < 0 ? lines.slice(-linesMax) : lines.slice(errorAt, errorAt + linesMax);
  return shown.map((line) => plain(line));
}
