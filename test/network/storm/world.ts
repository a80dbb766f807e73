// The server in the storm: the real command as a process, which may be killed and started again on the same ports and
// the same data.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../../support/server-process.ts";

export interface WorldOptions {
  /** Uses the limits of storm/small-server.ts. */
  isSmall: boolean;
  /** Flags besides those for ports and data. */
  flags?: string[];
}

export class World {
  readonly #options: WorldOptions;
  readonly #directory: string;
  #server: ServerProcess;
  readonly wsUrl: string;
  readonly httpUrl: string;
  /** Everything that was logged as an error. */
  readonly defects: string[] = [];

  private constructor(options: WorldOptions, directory: string, server: ServerProcess) {
    this.#options = options;
    this.#directory = directory;
    this.#server = server;
    this.wsUrl = server.wsUrl;
    this.httpUrl = server.httpUrl;
  }

  static async open(options: WorldOptions): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), "turnwire-storm-"));
    try {
      return new World(options, directory, await start(options, directory, []));
    } catch (error) {
      rmSync(directory, { recursive: true });
      throw error;
    }
  }

  /** Ends the server by kill -9 or a planned stop, and starts it again on the same ports and data. */
  async restart(how: "kill" | "stop"): Promise<void> {
    await this.#server[how]();
    this.#note();
    const portOf = (url: string): string => new URL(url).port;
    const ports = ["--port", portOf(this.wsUrl), "--http-port", portOf(this.httpUrl)];
    this.#server = await start(this.#options, this.#directory, ports);
  }

  async close(): Promise<void> {
    try {
      await this.#server.stop();
      this.#note();
    } finally {
      rmSync(this.#directory, { recursive: true });
    }
  }

  #note(): void {
    for (const line of this.#server.log) if (line.level >= 50) this.defects.push(JSON.stringify(line).slice(0, 600));
  }
}

async function start(options: WorldOptions, dataDir: string, ports: string[]): Promise<ServerProcess> {
  const { isSmall, flags: own = [] } = options;
  const flags = [...ports, ...own];
  const program = isSmall && { program: fileURLToPath(new URL("./small-server.ts", import.meta.url)) };
  return await ServerProcess.start({ dataDir, flags, ...program });
}
