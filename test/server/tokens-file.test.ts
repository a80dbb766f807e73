// The tokens file: its contents, how `turnwire token` writes it, and how a change is noticed.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { digestOf, type TokenEntry } from "../../src/access/credentials.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { runTokenCommand } from "../../src/server/commands/token.ts";
import { readTokensFile, TokensFile, TokensFileError, versionOf } from "../../src/server/tokens-file.ts";
import { SimulatedClock } from "../support/clock.ts";

const test = suite("the tokens file");

let directory: string;
let file: string;
test.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), "turnwire-tokens-"));
  file = join(directory, "tokens.json");
});
test.after.each(() => rmSync(directory, { recursive: true, force: true }));

const entry = (name: string, scopes: string[] = ["chat"]) => ({ name, sha256: digestOf(name), scopes });
const write = (value: unknown): void => writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));

test("a new token is shown once, and the file has its digest and is readable only for its owner", () => {
  const token = runTokenCommand({ action: "add", name: "phone", scopes: ["read", "chat"], file });
  runTokenCommand({ action: "add", name: "grafana", scopes: ["read"], file });
  assert.ok(token.length >= 43, token);
  assert.not.ok(readFileSync(file, "utf8").includes(token));
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.equal(readTokensFile(file, limits)[0], { name: "phone", sha256: digestOf(token), scope: "chat" });
  assert.is(runTokenCommand({ action: "list", file }), "phone\tchat\ngrafana\tread");
  runTokenCommand({ action: "remove", name: "phone", file });
  assert.is(runTokenCommand({ action: "list", file }), "grafana\tread");
});

test("a name can be used once, and only existing tokens can be removed", () => {
  runTokenCommand({ action: "add", name: "phone", scopes: ["chat"], file });
  const before = readFileSync(file, "utf8");
  const again = (): string => runTokenCommand({ action: "add", name: "phone", scopes: ["admin"], file });
  assert.throws(
    again,
    (error: Error) => error instanceof TokensFileError && /has a token "phone" already/.test(error.message),
  );
  const unknown = (): string => runTokenCommand({ action: "remove", name: "laptop", file });
  assert.throws(unknown, /has no token "laptop": turnwire token list shows them/);
  assert.is(readFileSync(file, "utf8"), before);
});

test("at most as many tokens can be added as a server reads", () => {
  const tokens = Array.from({ length: limits.tokensMax }, (_, index) => entry(`t${index}`));
  write({ tokens });
  const add = (): string => runTokenCommand({ action: "add", name: "phone", scopes: ["chat"], file });
  assert.throws(add, new RegExp(`holds ${limits.tokensMax} tokens, the maximum: remove one first`));
  runTokenCommand({ action: "remove", name: "t0", file });
  add();
  assert.is(readTokensFile(file, limits).length, limits.tokensMax);
});

test("an invalid file is refused with the place and the remedy, and never with a digest", () => {
  for (const [content, message] of [
    ["{", /is not JSON/],
    [[], /is not usable/],
    [
      { tokens: [entry("a"), { ...entry("b"), sha256: "abc" }] },
      /tokens\.1\.sha256 must be a SHA-256 in lower-case hex/,
    ],
    [{ tokens: [{ ...entry("a"), scopes: ["root"] }] }, /tokens\.0\.scopes\.0 must be of read, chat, admin/],
    [{ tokens: [{ ...entry("a"), scopes: [] }] }, /tokens\.0\.scopes must name one/],
    [{ tokens: [entry("a b")] }, /tokens\.0\.name must be 1–64 letters/],
    [{ tokens: [{ ...entry("a"), token: "plain" }] }, /tokens\.0/],
    [{ tokens: [entry("a"), entry("a")] }, /two tokens of one name \(a\)/],
    [{ tokens: [entry("a"), { ...entry("a"), name: "b" }] }, /two tokens of one sha256 \(b\)/],
  ] as const) {
    write(content);
    assert.throws(
      () => readTokensFile(file, limits),
      (error: Error) =>
        error instanceof TokensFileError &&
        message.test(error.message) &&
        error.message.includes("turnwire token add NAME writes it") &&
        !error.message.includes(digestOf("a")),
      JSON.stringify(content),
    );
  }
  assert.throws(() => readTokensFile(join(directory, "none.json"), limits), /cannot be read/);
  write({ tokens: [entry("a"), entry("b")] });
  assert.is(readTokensFile(file, { tokensMax: 2 }).length, 2);
  assert.throws(() => readTokensFile(file, { tokensMax: 1 }), /tokens may hold 1 at most/);
});

test("a change is noticed within the pause; an unusable file keeps the tokens, and the next usable one is read", () => {
  write({ tokens: [entry("a")] });
  const clock = new SimulatedClock();
  const heard: TokenEntry[][] = [];
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (...line: unknown[]) => void errors.push(line) };
  const watched = new TokensFile({
    path: file,
    version: versionOf(file),
    clock,
    logger,
    limits,
    onChange: (entries) => void heard.push(entries),
  });
  clock.advance(10 * limits.tokensFilePauseMs);
  assert.equal(heard, []);
  write({ tokens: [entry("a"), entry("b")] });
  clock.advance(limits.tokensFilePauseMs);
  assert.equal(
    heard.map((entries) => entries.map(({ name }) => name)),
    [["a", "b"]],
  );
  write("{");
  clock.advance(limits.tokensFilePauseMs);
  rmSync(file);
  clock.advance(limits.tokensFilePauseMs);
  assert.is(heard.length, 1);
  assert.is(errors.length, 2);
  write({ tokens: [] });
  clock.advance(limits.tokensFilePauseMs);
  assert.equal(heard[1], []);
  watched.stop();
  assert.is(clock.pending, 0);
});

test("a file that is inaccessible for a while is read again later, and the error is logged once", () => {
  write({ tokens: [entry("a")] });
  const clock = new SimulatedClock();
  const heard: string[][] = [];
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (...line: unknown[]) => void errors.push(line) };
  const onChange = (entries: TokenEntry[]): void => void heard.push(entries.map(({ name }) => name));
  const watched = new TokensFile({ path: file, version: versionOf(file), clock, logger, limits, onChange });
  rmSync(file);
  // A symbolic link to itself: stat fails with ELOOP, which is not "no such file".
  symlinkSync(file, file);
  clock.advance(20 * limits.tokensFilePauseMs);
  watched.reload();
  assert.equal([heard, errors.length], [[], 1]);
  rmSync(file);
  write({ tokens: [entry("b")] });
  clock.advance(limits.tokensFilePauseMs);
  assert.equal(heard, [["b"]]);
  watched.stop();
});

test("a change between the initial read and the first check is noticed", () => {
  write({ tokens: [entry("a")] });
  const version = versionOf(file);
  write({ tokens: [] });
  const clock = new SimulatedClock();
  const heard: TokenEntry[][] = [];
  const onChange = (entries: TokenEntry[]): void => void heard.push(entries);
  const watched = new TokensFile({ path: file, version, clock, logger: silentLogger, limits, onChange });
  clock.advance(limits.tokensFilePauseMs);
  assert.equal(heard, [[]]);
  watched.stop();
});

test("two concurrent changes of the file do not overwrite each other: the second is told to wait", () => {
  runTokenCommand({ action: "add", name: "a", scopes: ["chat"], file });
  writeFileSync(`${file}.new`, "");
  const add = (): string => runTokenCommand({ action: "add", name: "b", scopes: ["chat"], file });
  assert.throws(add, /another turnwire token is at work; if none is, delete .*tokens\.json\.new/);
  rmSync(`${file}.new`);
  add();
  assert.is(runTokenCommand({ action: "list", file }), "a\tchat\nb\tchat");
});

test("the reload on SIGHUP also reads a file that looks unchanged", () => {
  write({ tokens: [entry("a")] });
  const clock = new SimulatedClock();
  let count = 0;
  const watched = new TokensFile({
    path: file,
    version: versionOf(file),
    clock,
    logger: silentLogger,
    limits,
    onChange: () => void count++,
  });
  const { atime, mtime } = statSync(file);
  utimesSync(file, atime, mtime);
  watched.reload();
  assert.is(count, 1);
  watched.stop();
});

test("a directory that cannot be written is reported, and no partial file is left", () => {
  const missing = join(directory, "none", "tokens.json");
  const add = (): string => runTokenCommand({ action: "add", name: "a", scopes: ["chat"], file: missing });
  assert.throws(add, /cannot be written .*give a directory you may write to/);
  assert.equal(readdirSync(directory), []);
});

test.run();
