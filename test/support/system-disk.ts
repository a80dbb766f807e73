// A small file system of its own, to be filled up and freed while servers use it. It is mounted in a namespace that a
// child process holds, so that it is gone with that process and needs no right beyond making namespaces.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { within } from "./deadline.ts";
import { temporaryDirectory } from "./store-place.ts";

export interface Disk {
  /** Where it is mounted, as the commands run `around` it see it. */
  place: string;
  /** Runs a command that follows it where the disk is. */
  around: string[];
  fill(): void;
  free(): void;
  release(): void;
}

/** Undefined where nothing can be mounted. */
export async function mountDisk(): Promise<Disk | undefined> {
  const place = temporaryDirectory();
  // cat ends with its stdin, and that with this process.
  const script = 'mount -t tmpfs -o size=8m turnwire-test "$0" && echo mounted && exec cat';
  const holder = spawn("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script, place], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const { pid } = holder;
  holder.unref();
  if (!(await isMounted(holder)) || pid === undefined) return undefined;
  const inside = join("/proc", String(pid), "root", place);
  const ballast = join(inside, "ballast");
  return {
    place,
    around: ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", String(pid)],
    fill() {
      // A server that writes takes some of the room between a look and the next write.
      for (let { bavail, bsize } = statfsSync(inside); bavail > 0; { bavail, bsize } = statfsSync(inside)) {
        try {
          appendFileSync(ballast, Buffer.alloc(bavail * bsize));
        } catch (error) {
          if (!isNoSpace(error)) throw error;
        }
      }
    },
    free: () => rmSync(ballast),
    release: () => holder.stdin?.end(),
  };
}

const isNoSpace = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOSPC";

async function isMounted(holder: ChildProcess): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  holder.stdout?.once("data", () => resolve(true));
  holder.once("error", () => resolve(false));
  holder.once("exit", () => resolve(false));
  return await within(promise, "a mounted file system");
}
