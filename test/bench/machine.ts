// The machine as far as a run depends on it: what it allows, and what was raised or set for the run.
import { availableParallelism } from "node:os";
import { servers } from "./servers.ts";

/** Files, and so sockets, that a process may have open. Node raises the soft limit to the hard one by itself. */
function openFilesMax(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { hard?: number | string } } };
  const hard = Number(report.userLimits?.open_files?.hard);
  return Number.isFinite(hard) ? hard : Number.POSITIVE_INFINITY;
}

/** Beside a process's sockets. */
const otherFiles = 100;

export const hasRoomFor = (sockets: number): boolean => openFilesMax() >= sockets + otherFiles;

/** What a reader has to know of the run, each as a sentence. */
export function conditions(bun: string | undefined, raised: Iterable<string>): string[] {
  const files = openFilesMax();
  return [
    `${availableParallelism()} cores; Node ${process.versions.node}${bun === undefined ? ", no Bun" : `, Bun ${bun}`}`,
    `every server on Node runs with ${servers.turnwire.args.slice(0, 3).join(" ")}; no server compresses`,
    `open files a process, raised to the hard limit: ${Number.isFinite(files) ? files.toLocaleString("en") : "none"}`,
    "the load comes from 127.0.0.1 to 127.0.0.32, because one address has not ports enough for sockets that come back",
    ...raised,
  ];
}
