// Reads typed columns of a result row. A value of another type throws: every table is STRICT, so it is a broken
// invariant.
import type { SQLOutputValue } from "node:sqlite";

export type ResultRow = Record<string, SQLOutputValue>;

export function text(row: ResultRow | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== "string") throw new TypeError(`the column ${column} does not hold text`);
  return value;
}

export function textOrNull(row: ResultRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function number(row: ResultRow | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== "number") throw new TypeError(`the column ${column} does not hold a number`);
  return value;
}

export function numberOrNull(row: ResultRow, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** Parses a JSON column. Not validated: SQLite ensures the bytes, and the types of the writes ensure the shape. */
export function json<Value>(row: ResultRow, column: string): Value {
  return JSON.parse(text(row, column));
}
