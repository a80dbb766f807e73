// The real command `turnwire serve` as a child process: starts it, waits for its ready line, keeps its output, and ends
// it by its pid. Must never wait without a deadline. Must not outlive the process that started it.
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { budgets } from "../budgets.ts";
import { within } from "./deadline.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));

/** Two servers that start at once beside a full test run need several seconds on two cores. */
const startMs = 3 * budgets.awaitMs;

export interface Exit {
  /** null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** Variables added to the inherited environment, which is passed on without its TURNWIRE_ variables. */
  environment?: Record<string, string>;
  cwd?: string;
  /** A wrapper program and its arguments, which runs the command that follows them. */
  around?: string[];
  /** The script to run instead of src/cli.ts. */
  program?: string;
}

export interface ServerOptions extends CommandOptions {
  /** Default `:memory:`; undefined leaves the flag out. */
  dataDir?: string | undefined;
  /** Added to --port 0, --http-port 0 and --data-dir; the last of a repeated flag counts. */
  flags?: string[];
  /** Default: nobody needs a token, unless the flags or the environment name one. true: it makes one for itself. */
  makesToken?: boolean;
}

/** A line of the log, as pino writes it. */
export interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Runs a command that is expected to exit, and waits for its end. */
export async function runCommand(argv: string[], options: CommandOptions = {}): Promise<Exit> {
  const command = new Command(argv, options);
  return await command.untilExit(startMs);
}

class Command {
  stdout = "";
  stderr = "";
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Called after new output on stdout or stderr, and at the end. */
  onBroadcast: () => void = () => {};

  constructor(argv: string[], { environment = {}, cwd, around = [], program = cli }: CommandOptions) {
    const [file = process.execPath, ...rest] = [
      ...around,
      process.execPath,
      "--max-semi-space-size=8",
      "--v8-pool-size=1",
      program,
      ...argv,
    ];
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TURNWIRE_"));
    const env = { ...Object.fromEntries(inherited), ...environment };
    const child = spawn(file, rest, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    running.add(child);
    // A server left by a failed test must not keep the test process alive. The timer of a pending wait does.
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.onBroadcast();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.onBroadcast();
    });
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      running.delete(child);
      resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      this.onBroadcast();
    };
    child.once("error", (error) => {
      this.stderr += error.message;
      end(null, null);
    });
    child.once("close", end);
  }

  /** Kills the command at the deadline and fails with its output. */
  async untilExit(deadlineMs: number): Promise<Exit> {
    try {
      return await within(this.exited, () => `the command to end\n${this.story()}`, deadlineMs);
    } catch (error) {
      this.child.kill("SIGKILL");
      throw error;
    }
  }

  story(): string {
    return `  stdout: ${JSON.stringify(this.stdout)}\n  stderr:\n${this.stderr.slice(-4_000) || "    nothing"}`;
  }
}

const readyLine = /^turnwire ready (ws:\/\/\S+) (http:\/\/\S+)\n/;

export class ServerProcess {
  readonly wsUrl: string;
  readonly httpUrl: string;
  readonly pid: number;
  readonly #command: Command;
  #waiting = new Set<() => void>();

  private constructor(command: Command, pid: number, wsUrl: string, httpUrl: string) {
    this.#command = command;
    this.pid = pid;
    this.wsUrl = wsUrl;
    this.httpUrl = httpUrl;
    command.onBroadcast = () => {
      for (const look of [...this.#waiting]) look();
    };
  }

  /** Resolves at the ready line. Rejects with the output when the command ends before it or is too slow. */
  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const { dataDir, flags = [], makesToken = false } = { dataDir: ":memory:", ...options };
    const place = dataDir === undefined ? [] : ["--data-dir", dataDir];
    const given = [...flags, ...Object.keys(options.environment ?? {})];
    const isDecided = given.some((name) => /^(--tokens-file|--no-token|--insecure|TURNWIRE_TOKEN)/.test(name));
    const access = makesToken || isDecided ? [] : ["--no-token"];
    const command = new Command(["serve", "--port", "0", "--http-port", "0", ...place, ...access, ...flags], options);
    const { promise, resolve, reject } = Promise.withResolvers<ServerProcess>();
    command.onBroadcast = () => {
      const [, wsUrl, httpUrl] = readyLine.exec(command.stdout) ?? [];
      const { pid } = command.child;
      if (wsUrl !== undefined && httpUrl !== undefined && pid !== undefined)
        resolve(new ServerProcess(command, pid, wsUrl, httpUrl));
    };
    void command.exited.then(() => reject(new Error(`the server ended before it was ready\n${command.story()}`)));
    try {
      return await within(promise, () => `the ready line\n${command.story()}`, startMs);
    } catch (error) {
      command.child.kill("SIGKILL");
      throw error;
    }
  }

  get stdout(): string {
    return this.#command.stdout;
  }

  get stderr(): string {
    return this.#command.stderr;
  }

  /** The log lines so far; throws when a line is not a JSON object with a level and a message. */
  get log(): LogLine[] {
    const whole = this.stderr.slice(0, this.stderr.lastIndexOf("\n") + 1);
    return whole.split("\n").flatMap((line) => (line === "" ? [] : [logLineOf(line)]));
  }

  /** The first log line with this message; waits until it is written. */
  async logged(message: string, deadlineMs: number = budgets.awaitMs): Promise<LogLine> {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const look = (): void => {
      const line = this.log.find(({ msg }) => msg === message);
      if (line) resolve(line);
    };
    this.#waiting.add(look);
    void this.exited.then(() => reject(new Error(`the server ended without logging "${message}"\n${this.stderr}`)));
    try {
      look();
      return await within(promise, () => `the log line "${message}"\n${this.#command.story()}`, deadlineMs);
    } finally {
      this.#waiting.delete(look);
    }
  }

  get hasExited(): boolean {
    return !running.has(this.#command.child);
  }

  /** Resolves when the process has ended and all its output is read. Never rejects. */
  get exited(): Promise<Exit> {
    return this.#command.exited;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.hasExited) this.#command.child.kill(name);
  }

  /** Kills the process at the deadline and fails. */
  async untilExit(deadlineMs: number = 2 * budgets.awaitMs): Promise<Exit> {
    return await this.#command.untilExit(deadlineMs);
  }

  /** Closes the reading ends of stdout and stderr. */
  closeLog(): void {
    this.#command.child.stdout?.destroy();
    this.#command.child.stderr?.destroy();
  }

  /** Stops the server with SIGTERM; throws unless it ends with exit code 0. */
  async stop(): Promise<Exit> {
    this.signal("SIGTERM");
    const exit = await this.untilExit();
    if (exit.code !== 0) throw new Error(`the server stopped with ${exit.code ?? exit.signal}\n${exit.stderr}`);
    return exit;
  }

  /** Sends SIGKILL; resolves when the process has ended. */
  async kill(): Promise<Exit> {
    this.signal("SIGKILL");
    return await this.untilExit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function logLineOf(line: string): LogLine {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new Error(`this log line is not JSON: ${line}`);
  }
  if (isLogLine(parsed)) return parsed;
  throw new Error(`this log line has no level or no message: ${line}`);
}

const isLogLine = (value: unknown): value is LogLine =>
  typeof value === "object" &&
  value !== null &&
  "level" in value &&
  typeof value.level === "number" &&
  "msg" in value &&
  typeof value.msg === "string";
