// Judges how a test file's process ended. uvu alone is too lenient: a file that forgets `.run()` exits with 0 and
// prints nothing. Here that is a failure.

export interface Ended {
  /** stdout and stderr in the order of arrival. */
  output: string;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The process exceeded its deadline and was killed. */
  isOverdue: boolean;
  deadlineMs: number;
}

export interface Verdict {
  passed: number;
  failed: number;
  skipped: number;
  /** Why the file fails apart from its failed tests; undefined if there is no other reason. */
  reason: string | undefined;
}

interface Summary {
  total: number;
  passed: number;
  skipped: number;
}

/** Reads uvu's summary, the last one in the output, because a test may itself print the summary of another run. */
export function summaryOf(output: string): Summary | undefined {
  const pattern = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n/gm;
  const last = [...output.matchAll(pattern)].at(-1);
  if (last === undefined) return undefined;
  return { total: Number(last[1]), passed: Number(last[2]), skipped: Number(last[3]) };
}

export function verdictOn(ended: Ended): Verdict {
  const summary = summaryOf(ended.output);
  const passed = summary?.passed ?? 0;
  const failed = (summary?.total ?? 0) - passed;
  const reason = errorMessage(ended, summary, failed);
  // A file that fails without a failed test counts as one failure: the closing line must not say "0 failed".
  return {
    passed,
    failed: reason !== undefined && failed === 0 ? 1 : failed,
    skipped: summary?.skipped ?? 0,
    reason,
  };
}

function errorMessage(ended: Ended, summary: Summary | undefined, failed: number): string | undefined {
  if (ended.isOverdue) {
    const seconds = ended.deadlineMs / 1000;
    return summary === undefined
      ? `was ended after ${seconds} s: a test hangs`
      : `was ended after ${seconds} s: its tests are over, but something holds the process open`;
  }
  if (ended.signal !== null) return `was ended by ${ended.signal}`;
  if (summary === undefined) {
    return ended.exitCode === 0
      ? "ended without uvu's summary: is `.run()` called, does something call process.exit?"
      : `ended with exit code ${ended.exitCode} and without uvu's summary: it threw before or while its tests ran`;
  }
  if (summary.total === 0 && summary.skipped === 0) return "executed no test";
  // uvu 0.5.6 drops the error of a before hook, leaves the suite's tests out and exits with 0.
  if (ended.exitCode === 0 && failed > 0) return `left ${failed} tests out: a before hook threw`;
  if (ended.exitCode !== 0 && failed === 0) {
    return `ended with exit code ${ended.exitCode} though its tests passed: something threw after them, or beside them`;
  }
  return undefined;
}
