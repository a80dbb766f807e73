// Runs a command to its end, and tells what it printed when it failed.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Rejects when it ends with another code than 0, or is ended by its timeout. */
export const run = promisify(execFile);

/** What a command that failed has printed. */
export function outputOf(error: unknown): string {
  const part = (name: string): string => String(Reflect.get(Object(error), name) ?? "");
  const late = Reflect.get(Object(error), "killed") === true ? "it was not over in time\n" : "";
  return `${part("stdout")}${part("stderr")}${late}` || String(error);
}
