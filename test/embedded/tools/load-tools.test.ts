// A module of tools: which modules load, and the error for each kind of mistake.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadTools, ToolsFileError } from "../../../src/embedded/tools/load-tools.ts";

const load = suite("load tools");

let directory = "";
load.before(() => {
  directory = mkdtempSync(join(tmpdir(), "turnwire-tools-"));
});
load.after(() => rmSync(directory, { recursive: true }));

let files = 0;
/** Each file has a new name, because a module is loaded only once. */
function fileWith(source: string, extension = "mjs"): string {
  const file = join(directory, `tools-${files++}.${extension}`);
  writeFileSync(file, source);
  return file;
}

const good = `{ name: "greet", description: "Greets.", inputSchema: { type: "object" }, run: () => "hello" }`;
const without = (field: string, instead = ""): string =>
  `const tool = ${good}; delete tool.${field}; ` +
  `export default [${good.replace("greet", "first")}, { ...tool, ${instead} }];`;
const context = { signal: new AbortController().signal, cwd: undefined, onOutput: () => {} };

async function failure(file: string): Promise<string> {
  try {
    await loadTools(file);
  } catch (error) {
    assert.instance(error, ToolsFileError);
    const message = error instanceof Error ? error.message : "";
    assert.ok(message.includes(file), `names the file: ${message}`);
    return message;
  }
  assert.unreachable("it was loaded");
  return "";
}

load("takes the default export, or the export named tools", async () => {
  for (const source of [`export default [${good}]`, `export const tools = [${good}]; export default {};`]) {
    const [tool] = await loadTools(fileWith(source));
    assert.is(tool?.name, "greet");
    assert.is(tool?.run({}, context), "hello");
  }
  assert.equal(await loadTools(fileWith("export default []")), []);
});

load("loads TypeScript directly", async () => {
  const [tool] = await loadTools(
    fileWith(`const name: string = "typed"; export default [{ ...${good}, name }];`, "ts"),
  );
  assert.is(tool?.name, "typed");
});

load("a tool object is not copied, so its run method may use this", async () => {
  const source = `class Counter {
    name = "count"; description = "Counts."; inputSchema = { type: "object" }; #count = 0;
    run() { return ++this.#count; }
  }
  export default [new Counter()];`;
  const [tool] = await loadTools(fileWith(source));
  assert.is(tool?.run({}, context), 1);
  assert.is(tool?.run({}, context), 2);
});

load("for a missing or broken file the error says so, and what to do", async () => {
  assert.match(await failure(join(directory, "missing.mjs")), /cannot be loaded: .*missing.*Give the path/s);
  assert.match(await failure(fileWith("export default [")), /cannot be loaded: .*Give the path of a JavaScript/s);
  assert.match(await failure(fileWith(`throw new Error("no database");`)), /cannot be loaded: no database/);
  assert.match(await failure(fileWith(`throw "text";`)), /cannot be loaded: text/);
});

load("for a file without an array of tools the error says what to export", async () => {
  for (const source of ["export default {}", "export const tool = []", ""]) {
    assert.match(await failure(fileWith(source)), /has no array of tools\. Export one as default or as `tools`\./);
  }
});

load("the error for a malformed tool has its index, name and field, and the remedy", async () => {
  const cases: [string, RegExp][] = [
    [without("name"), /tool 1: field "name" is missing/],
    [without("name", 'name: "two words"'), /tool 1 \("two words"\): field "name" must be 1–64 letters, digits, _ or -/],
    [without("name", "name: 5"), /tool 1: field "name" must be a string/],
    [without("description"), /tool 1 \("greet"\): field "description" is missing/],
    [without("description", 'description: ""'), /field "description" must not be empty/],
    [without("inputSchema"), /field "inputSchema" is missing/],
    [without("inputSchema", "inputSchema: []"), /field "inputSchema" must be a JSON Schema object/],
    [without("inputSchema", 'inputSchema: { type: "string" }'), /field "inputSchema" must be .* with type "object"/],
    [without("inputSchema", 'inputSchema: { type: "object", max: 5n }'), /field "inputSchema" must be plain JSON/],
    [without("run"), /field "run" is missing/],
    [without("run", 'run: "rm"'), /field "run" must be a function/],
    [`export default [${good}, null]`, /tool 1: is not an object/],
    [`export default ["greet"]`, /tool 0: is not an object/],
  ];
  for (const [source, expected] of cases) {
    const message = await failure(fileWith(source));
    assert.match(message, expected);
    assert.match(message, /A tool is \{ name, description, inputSchema, run/);
  }
});

load("two tools with the same name are refused, and the error names both", async () => {
  const message = await failure(fileWith(`export default [${good}, ${good}]`));
  assert.match(message, /tool 1: field "name": "greet" is already the name of tool 0\. Rename one\./);
});

load.run();
