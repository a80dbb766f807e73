// Simulates disk errors under a running server: libfiu makes the server's system calls fail, controlled by fiu-run and
// fiu-ctrl (Debian's package fiu-utils).
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { temporaryDirectory } from "./store-place.ts";

/** The calls that can fail: writing to a file at an offset, and fsync. SQLite uses both, sockets neither. */
export type Failing = "posix/io/rw/pwrite" | "posix/io/sync/fsync";

const inputOutputError = 5;

export class FailingDisk {
  readonly #controls = join(temporaryDirectory(), "fiu");
  /** A command prefix: system calls of the command that follows it can be made to fail. */
  readonly around = ["fiu-run", "-x", "-f", this.#controls];

  /** Undefined where fiu-run is not installed. */
  static find(): FailingDisk | undefined {
    return spawnSync("fiu-run", ["-h"]).error ? undefined : new FailingDisk();
  }

  /** From now on these calls of the process fail with EIO: all of them, or each with this probability. */
  fail(pid: number, name: Failing, probability = 1): void {
    const command = probability < 1 ? "enable_random" : "enable";
    const part = probability < 1 ? `,probability=${probability}` : "";
    this.#tell(pid, `${command} name=${name},failinfo=${inputOutputError}${part}`);
  }

  heal(pid: number, name: Failing): void {
    this.#tell(pid, `disable name=${name}`);
  }

  #tell(pid: number, command: string): void {
    execFileSync("fiu-ctrl", ["-f", this.#controls, "-c", command, `${pid}`], { timeout: 5_000 });
  }
}
