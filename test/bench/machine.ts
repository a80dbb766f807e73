// The machine's limits that a run depends on, and the limits and settings that were changed for the run.
import { availableParallelism } from "node:os";
import { servers } from "./servers.ts";

/** How many files, and so sockets, a process may have open. Node itself raises the soft limit to the hard limit. */
function openFilesMax(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { hard?: number | string } } };
  const hard = Number(report.userLimits?.open_files?.hard);
  return Number.isFinite(hard) ? hard : Number.POSITIVE_INFINITY;
}

/** Open files of a process other than its sockets. */
const otherFiles = 100;

export const hasRoomFor = (sockets: number): boolean => openFilesMax() >= sockets + otherFiles;

/** What a reader must know about the run, one sentence each. */
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
