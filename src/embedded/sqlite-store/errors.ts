// Classifies SQLite's errors: a failure of the disk may pass and is retried; a defect in a write never does, and the
// write becomes a dead letter. Must never take a failure of the disk for a defect.
import { errorMessage } from "../../ports/guard.ts";
import { StoreError } from "../../ports/store.ts";

// Primary result codes (sqlite.org/rescode.html). The low byte of an extended code is its primary code.
export const resultCode = {
  error: 1,
  permission: 3,
  busy: 5,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  misuse: 21,
  range: 25,
  notADatabase: 26,
} as const;

/** Codes for a statement or value that SQLite refuses, whatever the state of the disk. */
const refusals: ReadonlySet<number> = new Set([
  resultCode.error,
  resultCode.tooBig,
  resultCode.constraint,
  resultCode.mismatch,
  resultCode.misuse,
  resultCode.range,
]);

/** SQLite's primary result code, or undefined when the error is not SQLite's. */
export function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

/** True when the write can never succeed. Only for errors of single writes, not of BEGIN or COMMIT. */
export function isDefect(error: unknown): boolean {
  const primary = primaryCode(error);
  // An error that is not SQLite's comes from a value that JSON or a column cannot hold.
  return primary === undefined ? !(error instanceof StoreError) : refusals.has(primary);
}

/** The error as a StoreError with a message for the operator. `place` names the database. */
export function failureOf(error: unknown, place: string): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(`${place} ${complaint(error)}`, { cause: error });
}

function complaint(error: unknown): string {
  switch (primaryCode(error)) {
    case resultCode.full:
      return "cannot be written: the disk is full; free some space and writing resumes by itself";
    case resultCode.readOnly:
    case resultCode.permission:
    case resultCode.cannotOpen:
      return `cannot be written (${errorMessage(error)}): make it writable again and writing resumes by itself`;
    case resultCode.inputOutput:
      return `cannot be read or written: the disk reports an error (${errorMessage(error)}); check the disk`;
    case resultCode.corrupt:
    case resultCode.notADatabase:
      return `is damaged (${errorMessage(error)}): stop turnwire and restore the file from a backup`;
    default:
      return `cannot be read or written: ${errorMessage(error)}`;
  }
}
