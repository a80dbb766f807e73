// The errors for a data directory that cannot be opened. Each message names the directory and the remedy.
import { errorMessage } from "../../ports/guard.ts";
import { StoreOpenError } from "../../ports/store.ts";
import { primaryCode, resultCode } from "./errors.ts";

export const fileName = "turnwire.db";

const elsewhere = "name another directory with --data-dir";

export const noName = (): StoreOpenError =>
  new StoreOpenError("The data directory has no name: name a directory with --data-dir.");

export function noDirectory(directory: string, error: unknown): StoreOpenError {
  const isFile = error instanceof Error && "code" in error && (error.code === "EEXIST" || error.code === "ENOTDIR");
  const message = isFile
    ? `The data directory ${directory} is a file or lies in one: name a directory with --data-dir.`
    : `The data directory ${directory} cannot be created (${errorMessage(error)}): ${elsewhere}.`;
  return new StoreOpenError(message, { cause: error });
}

export const foreign = (directory: string): StoreOpenError =>
  new StoreOpenError(`${inside(directory)} is not a turnwire database: move it away, or ${elsewhere}.`);

export const newer = (directory: string, version: number, known: number): StoreOpenError =>
  new StoreOpenError(
    `${inside(directory)} was written by a newer turnwire (schema ${version}, this one knows ${known}): ` +
      `update turnwire, or ${elsewhere}.`,
  );

export function damaged(directory: string, finding: string): StoreOpenError {
  // quick_check reports several lines, of which the first is a heading.
  const reason = finding.replace(/^\*\*\*.*\*\*\*\s*/, "").replace(/\s+/g, " ");
  return new StoreOpenError(
    `${inside(directory)} is damaged or cut short (${reason}): ` +
      "restore it from a backup, or move it away to start with a new one.",
  );
}

export const logWithoutFile = (directory: string): StoreOpenError =>
  new StoreOpenError(
    `${inside(directory)} is missing or empty, but its log ${fileName}-wal is there: ` +
      "restore both from a backup, or move both away to start with a new one.",
  );

/** The error for what SQLite or the file system threw while opening. */
export function openErrorOf(error: unknown, directory: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const reason = errorMessage(error);
  switch (primaryCode(error)) {
    case resultCode.busy:
      return new StoreOpenError(
        `The data directory ${directory} is in use by another turnwire: stop that one, or ${elsewhere}.`,
        { cause: error },
      );
    case resultCode.notADatabase:
      return foreign(directory);
    case resultCode.corrupt:
      return damaged(directory, reason);
    case resultCode.full:
      return new StoreOpenError(`The disk with ${inside(directory)} is full: free some space, or ${elsewhere}.`, {
        cause: error,
      });
    default:
      return new StoreOpenError(
        `${inside(directory)} cannot be opened for writing (${reason}): ` +
          `let the user who runs turnwire write there, or ${elsewhere}.`,
        { cause: error },
      );
  }
}

const inside = (directory: string): string => `${fileName} in the data directory ${directory}`;
