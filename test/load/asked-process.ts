// A child process that answers requests. It sends one report after its start and one per request. It ends with its
// parent.
import { type ChildProcess, spawn } from "node:child_process";

export interface AskedProcessOptions {
  /** The program to run. Default: the Node that runs this process. */
  command?: string;
  /** Milliseconds from a request to its report. A later process is killed. */
  deadlineMs: number;
}

interface Waiting<Report> {
  resolve(report: Report): void;
  reject(error: Error): void;
  deadline: NodeJS.Timeout;
}

export class AskedProcess<Ask extends object, Report> {
  readonly #child: ChildProcess;
  readonly #deadlineMs: number;
  readonly #waiting: Waiting<Report>[] = [];
  #failure: string | undefined;

  constructor(args: string[], { command = process.execPath, deadlineMs }: AskedProcessOptions) {
    this.#deadlineMs = deadlineMs;
    // JSON is a serialization that other runtimes support as well.
    this.#child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit", "ipc"], serialization: "json" });
    this.#child.on("message", (report: unknown) => this.#answered(report));
    this.#child.on("error", (error) => this.#fail(error.message));
    this.#child.on("exit", () => this.#fail("the process ended without an answer"));
  }

  /**
   * Resolves with the next report. The first one says that the process is ready. The others follow the order of
   * requests.
   */
  report(): Promise<Report> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#fail(`no answer within ${this.#deadlineMs} ms`);
        this.kill();
      }, this.#deadlineMs);
      this.#waiting.push({ resolve, reject, deadline });
      if (this.#failure !== undefined) this.#fail(this.#failure);
    });
  }

  #answered(report: unknown): void {
    const first = this.#waiting.shift();
    clearTimeout(first?.deadline);
    first?.resolve(report as Report);
  }

  #fail(why: string): void {
    this.#failure = why;
    for (const { reject, deadline } of this.#waiting.splice(0)) {
      clearTimeout(deadline);
      reject(new Error(why));
    }
  }

  ask(question: Ask): Promise<Report> {
    const report = this.report();
    this.#child.send(question, () => {});
    return report;
  }

  /** Sends the last request, and resolves when the process has exited. Kills it after the deadline. */
  async end(question: Ask): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    const deadline = setTimeout(() => this.kill(), this.#deadlineMs);
    this.#child.send(question, () => {});
    await gone;
    clearTimeout(deadline);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
