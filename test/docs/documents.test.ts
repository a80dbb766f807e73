// Runs each sh block of the documents, to prove that their commands work. test/package.test.ts proves that their
// TypeScript compiles.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isLong } from "../budgets.ts";
import { type Block, blocksOf, documents } from "./blocks.ts";
import { isNotRun, isRun, ownCommands, runBlocks } from "./shell.ts";

const samples = suite("documents: samples");

const blocks = (...lines: string[]): Block[] => blocksOf("a.md", lines.join("\n"));
const sh = (...lines: string[]): Block[] => blocks("Text.", "```sh", ...lines, "```");

samples("blocks are found with their line numbers, whatever surrounds them", () => {
  const found = blocks(
    "```",
    "a",
    "```",
    "1. b:",
    "   ```sh no-run",
    "   c",
    "",
    "     d",
    "   ```",
    "````md",
    "```",
    "````",
  );
  assert.equal(
    found.map(({ line, language, note, text }) => [line, language, note, text]),
    [
      [2, "", "", "a\n"],
      [6, "sh", "no-run", "c\n\n  d\n"],
      [11, "md", "", "```\n"],
    ],
  );
});

samples("in a block that is not run, each command must need something from outside", () => {
  const [block] = blocks(
    "```sh no-run",
    "# Ollama",
    "TURNWIRE_BASE_URL=http://127.0.0.1:11434/v1 TURNWIRE_MODEL=a npm start",
    "curl \\",
    "  https://example.com",
    "npm start -- --tools tools.ts",
    "curl http://127.0.0.1:24203/healthz",
    "```",
  );
  assert.ok(block && isNotRun(block));
  assert.equal(ownCommands(block), ["npm start -- --tools tools.ts", "curl http://127.0.0.1:24203/healthz"]);
});

samples("commands run in order and in one shell, against a server on free ports", async () => {
  const { ok, output } = await runBlocks("a.md", [
    ...blocks("```json tokens.json", '{"tokens": []}', "```"),
    ...sh("npm ci && npm test", "name=c1", "npm run -s token -- list --tokens-file tokens.json"),
    ...sh("TURNWIRE_TOKEN=0123456789abcdef npm start -- --log-level debug"),
    ...sh("curl -H 'Authorization: Bearer 0123456789abcdef' \\", '  "http://127.0.0.1:24203/conversations/$name"'),
  ]);
  assert.match(output, /^turnwire ready ws:\/\/127\.0\.0\.1:(?!24205)\d+ http:\/\/127\.0\.0\.1:(?!24203)\d+$/m);
  assert.match(output, '{"chunks":[],"latestSeq":0}');
  assert.ok(ok, output);
});

const wrong: [what: string, block: Block[], line: number, says: string][] = [
  ["a wrong flag of the server", sh("npm start -- --no-such-flag"), 3, "Unknown flag --no-such-flag"],
  ["a route that is not there", sh("npm start -- --no-token", "curl http://127.0.0.1:24203/nowhere"), 4, "404"],
  ["a script that is not there", sh("npm run no-such-script"), 3, "no-such-script"],
  ["a command that is not there", sh("no-such-command --x"), 3, "no-such-command"],
  ["a variable that nobody set", sh('echo "$NOBODY"'), 3, "NOBODY"],
];
for (const [what, block, line, says] of wrong) {
  samples(`${what} is reported at its line`, async () => {
    const { ok, output } = await runBlocks("a.md", block);
    assert.not.ok(ok, output);
    assert.match(output, says);
    assert.match(output, new RegExp(`a\\.md:(?: line )?${line}: `));
  });
}

samples.run();

const test = suite("documents");

for (const { path, text } of documents()) {
  const found = blocksOf(path, text);
  const count = found.filter(isRun).length;
  // Only the long form runs all documents, because most need the server, the package or the compiler.
  if (count > 0 && (isLong || path === "README.md")) {
    test(`${path}: its command blocks (${count}) run`, async () => {
      const { ok, output } = await runBlocks(path, found);
      assert.ok(ok, output);
    });
  }
  for (const block of found.filter(isNotRun)) {
    test(`${path}:${block.line} is not run, because each of its commands needs something from outside`, () => {
      assert.equal(ownCommands(block), []);
    });
  }
}

test.run();
