// How the store classifies SQLite's errors, and the messages that it derives from them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { number, numberOrNull, text, textOrNull } from "../../src/embedded/sqlite-store/columns.ts";
import { failureOf, isDefect, primaryCode } from "../../src/embedded/sqlite-store/errors.ts";
import { openErrorOf } from "../../src/embedded/sqlite-store/open-errors.ts";
import { StoreError, StoreOpenError } from "../../src/ports/store.ts";

const test = suite("the meaning of SQLite's errors");

const sqliteError = (errcode: number, message = "said SQLite"): Error => Object.assign(new Error(message), { errcode });

test("a disk failure never counts as a defect", () => {
  // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB, and IOERR_WRITE as an extended
  // code
  for (const code of [5, 6, 7, 8, 9, 10, 11, 13, 14, 26, 778]) assert.is(isDefect(sqliteError(code)), false, `${code}`);
  assert.is(isDefect(new StoreError("gone")), false);
});

test("a value that can never be stored is a defect", () => {
  // ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE, and CONSTRAINT_UNIQUE as an extended code
  for (const code of [1, 18, 19, 20, 25, 2_067]) assert.is(isDefect(sqliteError(code)), true, `${code}`);
  assert.is(isDefect(new TypeError("cyclic")), true);
  assert.is(isDefect("a thrown text"), true);
});

test("extended codes count as their primary code, and other errors have no code", () => {
  assert.is(primaryCode(sqliteError(778)), 10);
  assert.is(primaryCode(Object.assign(new Error(), { errcode: "10" })), undefined);
  assert.is(primaryCode(new Error("no code")), undefined);
  assert.is(primaryCode({ errcode: 10 }), undefined);
});

test("a failure names the database, the cause and the remedy, and keeps the original error", () => {
  const told = (code: number): string => failureOf(sqliteError(code), "/data/turnwire.db").message;
  assert.match(told(13), /^\/data\/turnwire\.db cannot be written: the disk is full; free some space/);
  for (const code of [3, 8, 14]) assert.match(told(code), /cannot be written \(said SQLite\): make it writable again/);
  assert.match(told(778), /the disk reports an error \(said SQLite\); check the disk/);
  for (const code of [11, 26]) assert.match(told(code), /is damaged \(said SQLite\): stop turnwire and restore/);
  assert.match(told(7), /cannot be read or written: said SQLite/);
  const error = sqliteError(13);
  assert.is(failureOf(error, "x").cause, error);
  const known = new StoreError("known");
  assert.is(failureOf(known, "x"), known);
});

test("a refusal to open explains SQLite's error in plain words", () => {
  const told = (code: number): string => openErrorOf(sqliteError(code), "/data").message;
  assert.match(told(13), /^The disk with turnwire\.db in the data directory \/data is full: free some space/);
  assert.match(told(10), /cannot be opened for writing \(said SQLite\)/);
  const known = new StoreOpenError("known");
  assert.is(openErrorOf(known, "/data"), known);
});

test("a column with an unexpected type throws", () => {
  const row = { word: "w", figure: 1, nothing: null };
  assert.is(text(row, "word"), "w");
  assert.is(number(row, "figure"), 1);
  assert.is(textOrNull(row, "nothing"), null);
  assert.is(numberOrNull(row, "nothing"), null);
  assert.throws(() => text(row, "figure"), /the column figure does not hold text/);
  assert.throws(() => number(row, "word"), /the column word does not hold a number/);
  assert.throws(() => textOrNull(row, "missing"), /the column missing does not hold text/);
  assert.throws(() => numberOrNull(row, "word"), /the column word does not hold a number/);
});

test.run();
