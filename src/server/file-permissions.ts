// Refuses files that others than their owner could change or read, as ssh does: whoever can change a file of tokens can
// let themselves in. Where a system knows no such permissions (Windows), everything passes.
import { statSync } from "node:fs";

const groupOrOthers = { change: 0o022, read: 0o077 } as const;

/**
 * @param others what nobody but the owner may do; to read includes to change.
 * @returns what is wrong and the remedy, as the end of a sentence; undefined when the file is fine or is not there.
 */
export function permissionProblem(path: string, others: keyof typeof groupOrOthers): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  const user = process.getuid?.();
  if (found === undefined || user === undefined) return undefined;
  const mode = found.mode & 0o777;
  if ((mode & groupOrOthers[others]) !== 0)
    return `other users may ${others} it (mode ${mode.toString(8).padStart(4, "0")}): run chmod 600 ${path}`;
  if (found.uid === user || found.uid === 0) return undefined;
  return `it belongs to another user (${found.uid}): run chown ${user} ${path}`;
}
