// A small separate file system that a test fills up and frees while servers use it. It is mounted in a namespace that a
// child process holds, so that it disappears with that process and needs no privilege beyond creating namespaces.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { within } from "./deadline.ts";
import { temporaryDirectory } from "./store-place.ts";

export interface Disk {
  /** The mount point, as commands run with `around` see it. */
  place: string;
  /** A command prefix: the command that follows it runs in the namespace of the mount. */
  around: string[];
  fill(): void;
  free(): void;
  release(): void;
}

/** Undefined where nothing can be mounted. */
export async function mountDisk(): Promise<Disk | undefined> {
  const place = temporaryDirectory();
  // cat exits when its stdin closes, and that happens when this process ends.
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
      // A server that writes takes some of the free space between statfs and the next write.
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
