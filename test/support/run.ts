// Runs a command to its end, and formats its output when it failed.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Rejects when the exit code is not 0 or the command's timeout ends it. */
export const run = promisify(execFile);

/** The output of a failed command. */
export function outputOf(error: unknown): string {
  const part = (name: string): string => String(Reflect.get(Object(error), name) ?? "");
  const late = Reflect.get(Object(error), "killed") === true ? "it was not over in time\n" : "";
  return `${part("stdout")}${part("stderr")}${late}` || String(error);
}
