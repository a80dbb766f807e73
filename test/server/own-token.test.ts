// The token that a server makes for itself, and the files that it does not trust.
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ownToken, readOwnToken } from "../../src/server/own-token.ts";
import { readTokensFile } from "../../src/server/tokens-file.ts";
import { temporaryDirectory } from "../support/store-place.ts";

const test = suite("process: own token");

test("the token is made once for a data directory, readable by its owner only", () => {
  const directory = temporaryDirectory();
  assert.is(readOwnToken(directory), undefined);
  const token = ownToken(directory);
  assert.match(token, /^[\w-]{43}$/);
  const file = join(directory, "token");
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.is(readFileSync(file, "utf8"), `${token}\n`);
  assert.equal([ownToken(directory), readOwnToken(directory)], [token, token]);
  assert.is.not(ownToken(":memory:"), ownToken(":memory:"));
});

test("a token that others can read is not used, and the sentence has the chmod to run", () => {
  const directory = temporaryDirectory();
  ownToken(directory);
  const file = join(directory, "token");
  for (const mode of [0o640, 0o604, 0o660, 0o666]) {
    chmodSync(file, mode);
    assert.throws(() => ownToken(directory), `run chmod 600 ${file}`);
  }
  chmodSync(file, 0o400);
  assert.ok(readOwnToken(directory));
});

test("a file that holds no token is reported and left as it is", () => {
  const directory = temporaryDirectory();
  const file = join(directory, "token");
  for (const text of ["", "short", "with a space in it, and long enough\n", "x".repeat(5000)]) {
    writeFileSync(file, text, { mode: 0o600 });
    assert.throws(() => ownToken(directory), "holds no token");
    assert.is(readFileSync(file, "utf8"), text);
  }
});

test("a tokens file that others can change is not believed", () => {
  const file = join(temporaryDirectory(), "tokens.json");
  writeFileSync(file, '{"tokens": []}');
  for (const mode of [0o666, 0o622, 0o620]) {
    chmodSync(file, mode);
    assert.throws(() => readTokensFile(file, { tokensMax: 5 }), `run chmod 600 ${file}`);
  }
  for (const mode of [0o600, 0o644, 0o400]) {
    chmodSync(file, mode);
    assert.equal(readTokensFile(file, { tokensMax: 5 }), []);
  }
});

test.run();
