// Reads the columns of a result row with their types. A value of another type is a broken invariant, since every table
// is STRICT: it throws and never guesses.
import type { SQLOutputValue } from "node:sqlite";

export type ResultRow = Record<string, SQLOutputValue>;

export function text(row: ResultRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`the column ${column} holds no text`);
  return value;
}

export function textOrNull(row: ResultRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function number(row: ResultRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`the column ${column} holds no number`);
  return value;
}

export function numberOrNull(row: ResultRow, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** What we wrote as JSON, as what it was: SQLite vouches for the bytes, the writes' types for the shape. */
export function json<Value>(row: ResultRow, column: string): Value {
  return JSON.parse(text(row, column));
}
