// Runs one test file in its own process group, so that all processes it started end with it. Never leaves a process
// behind, however the file or this run ends.
import { type ChildProcess, spawn } from "node:child_process";
import { budgets } from "../budgets.ts";
import type { Ended } from "./verdict.ts";

const running = new Set<ChildProcess>();

export async function runFile(
  path: string,
  options: { root: string; deadlineMs: number; env: NodeJS.ProcessEnv },
): Promise<Ended> {
  const { root, deadlineMs, env } = options;
  const child = spawn(process.execPath, [path], {
    cwd: root,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const output = new Output();
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.add(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => output.add(text));
  let isOverdue = false;
  const timer = setTimeout(() => {
    isOverdue = true;
    endGroup(child);
  }, deadlineMs);
  const { promise, resolve } = Promise.withResolvers<Pick<Ended, "exitCode" | "signal">>();
  // Processes that the file left running would hold the pipes open, and `close` would never be emitted.
  child.once("exit", () => endGroup(child));
  child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
  child.once("error", (error) => {
    output.add(`the process could not be started: ${error.message}\n`);
    resolve({ exitCode: 1, signal: null });
  });
  const end = await promise;
  clearTimeout(timer);
  running.delete(child);
  return { ...end, output: output.text(), isOverdue, deadlineMs };
}

/** Ends every running test file, with all the processes that it started. */
export function endAll(): void {
  for (const child of running) endGroup(child);
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // No process of the group is left.
  }
}

/**
 * Keeps the beginning and the end of the output, within bounds, so that an endless loop that prints cannot fill the
 * memory.
 */
class Output {
  #beginning = "";
  #end = "";
  #left = 0;

  add(text: string): void {
    const half = budgets.outputCharactersMax / 2;
    const room = Math.max(0, half - this.#beginning.length);
    this.#beginning += text.slice(0, room);
    this.#end += text.slice(room);
    if (this.#end.length <= 2 * half) return;
    this.#left += this.#end.length - half;
    this.#end = this.#end.slice(-half);
  }

  text(): string {
    const note = this.#left > 0 ? `\n… ${this.#left} characters left out …\n` : "";
    return this.#beginning + note + this.#end;
  }
}
