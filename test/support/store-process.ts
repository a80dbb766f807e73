// Starts store-child.ts and reads its lines. Every wait has a deadline and also ends when the child does.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./store-child.ts", import.meta.url));

export class StoreProcess {
  readonly lines: string[] = [];
  /** The child's output on stderr. */
  errors = "";
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #waiting: { count: number; resolve: () => void } | undefined;

  /** `around`: a wrapper program and its arguments, which runs the command that follows them. */
  constructor(mode: "hold" | "write" | "fill", directory: string, around: string[] = []) {
    const [file = process.execPath, ...rest] = [...around, process.execPath, program, mode, directory];
    const child = spawn(file, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    let unfinished = "";
    child.stdout.setEncoding("utf8").on("data", (data: string) => {
      const parts = (unfinished + data).split("\n");
      unfinished = parts.pop() ?? "";
      this.lines.push(...parts);
      if (this.#waiting && this.lines.length >= this.#waiting.count) this.#waiting.resolve();
    });
    child.stderr.setEncoding("utf8").on("data", (data: string) => {
      this.errors += data;
    });
    this.#closed = new Promise((resolve) => {
      child.once("error", (error) => {
        this.errors += error.message;
        resolve(null);
      });
      child.once("close", (exitCode) => resolve(exitCode));
    });
  }

  /** Resolves when the child has printed this many lines. */
  said(count: number): Promise<void> {
    const said = new Promise<void>((resolve) => {
      this.#waiting = { count, resolve };
      if (this.lines.length >= count) resolve();
    });
    const ended = this.#closed.then(() => {
      if (this.lines.length < count) throw new Error(`the child ended too soon: ${this.errors}`);
    });
    return this.#within(Promise.race([said, ended]), `${count} lines`);
  }

  /** Sends SIGKILL; when it resolves, `lines` has all of the child's output. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#within(this.#closed, "the end after SIGKILL");
  }

  /** Ends its stdin and waits for its exit code. */
  end(): Promise<number | null> {
    this.#child.stdin?.end();
    return this.#within(this.#closed, "its exit");
  }

  async #within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#child.kill("SIGKILL");
        reject(new Error(`no ${what} within 20 s: ${this.errors}`));
      }, 20_000);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
