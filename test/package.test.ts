// The published package works without TypeScript: a copy of the repository is packed with npm, unpacked as a dependency
// of another project, and used from plain JavaScript. The code in its documents compiles.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type JsonObject, packedManifest, parseManifest } from "../scripts/pack/manifest.ts";
import { putPackedManifest, restoreManifest } from "../scripts/pack/swap.ts";
import { blocksOf, documents } from "./docs/blocks.ts";
import { compileErrors, isCode } from "./docs/compile.ts";
import { environment, olderNode, pack } from "./package/pack.ts";
import { unexportedTypes } from "./package/public-types.ts";
import { outputOf, run } from "./support/run.ts";
import { repository } from "./support/working-tree.ts";
import { deadLinks } from "./tidy/links.ts";

const manifest = parseManifest(readFileSync(join(repository, "package.json"), "utf8"));

const unit = suite("package: manifest");

unit("entry points lead into dist, and development-only fields are left out", () => {
  const packed = packedManifest({
    name: "x",
    version: "1.0.0",
    bin: { x: "./src/cli.ts" },
    exports: { ".": "./src/x.ts", "./package.json": "./package.json" },
    files: ["src"],
    scripts: { prepack: "…" },
    devDependencies: { node: "24" },
    dependencies: { ws: "8" },
    allowScripts: {},
  });
  assert.equal(packed, {
    name: "x",
    version: "1.0.0",
    bin: { x: "./dist/src/cli.js" },
    exports: {
      ".": { types: "./dist/src/x.d.ts", default: "./dist/src/x.js" },
      "./package.json": "./package.json",
    },
    files: ["src"],
    dependencies: { ws: "8" },
  });
});

const wrong: [string, JsonObject, string][] = [
  ["an entry point that is not built", { bin: { x: "./tools/x.ts" } }, '"./tools/x.ts" is not built'],
  ["an entry point with conditions", { exports: { ".": { default: "./src/x.ts" } } }, '"." must be a single path'],
  ["a single entry point", { exports: "./src/x.ts" }, "must be objects of paths"],
];
for (const [what, broken, says] of wrong) {
  unit(`${what} is refused`, () => {
    assert.throws(() => packedManifest(broken), says);
  });
}

unit("package.json is restored exactly, even after an interrupted pack", () => {
  const root = mkdtempSync(join(tmpdir(), "turnwire-swap-"));
  try {
    const path = join(root, "package.json");
    const original = `${JSON.stringify(manifest, null, 4)}\n\n`;
    writeFileSync(path, original);
    putPackedManifest(root);
    assert.is.not(readFileSync(path, "utf8"), original);
    putPackedManifest(root);
    restoreManifest(root);
    assert.is(readFileSync(path, "utf8"), original);
    restoreManifest(root);
    assert.is(readFileSync(path, "utf8"), original);
    assert.equal(readdirSync(root), ["package.json"]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

unit.run();

// ── the package ───────────────────────────────────────────────────────────────────────────────────────────────────

const packing = suite("package: packed");

// Each test calls pack() instead of a `before` hook, because uvu drops the error of a hook.
packing("npm packs a copy of the repository and leaves it unchanged", async () => {
  const { tree } = await pack();
  assert.is(readFileSync(join(tree, "package.json"), "utf8"), readFileSync(join(repository, "package.json"), "utf8"));
  assert.not.ok(existsSync(join(tree, ".package.json.original")));
});

/** Files and folders of the package, with forward slashes. */
async function contents(): Promise<string[]> {
  const { installed } = await pack();
  return readdirSync(installed, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));
}

packing("the package contains its code, its sources and its documents, and nothing else", async () => {
  const paths = await contents();
  const pages = ["dist/src/page/index.html", "dist/visualizations/live/index.html", "dist/visualizations/watch.svg"];
  for (const path of ["dist/src/cli.js", "dist/src/turnwire.d.ts", ...pages]) assert.ok(paths.includes(path), path);
  const tops = paths.filter((path) => !path.includes("/") && !path.endsWith(".md")).sort();
  assert.equal(tops, ["LICENSE", "dist", "docs", "examples", "machines", "package.json", "src", "visualizations"]);
  const unbuilt = paths.filter((path) => path.startsWith("dist/") && /(?<!\.d)\.ts$/.test(path));
  assert.equal(unbuilt, [], "Node strips no types below node_modules");
});

packing("each link of the package's README leads to a file in the package", async () => {
  const { installed } = await pack();
  const paths = await contents();
  const documents = paths.filter((path) => path.endsWith(".md"));
  const sources = documents.map((path) => ({ path, text: readFileSync(join(installed, path), "utf8") }));
  const findings = deadLinks(sources, (path) => paths.includes(path.replace(/\/$/, "")));
  assert.equal(
    findings.filter((finding) => finding.startsWith("README.md:")),
    [],
  );
});

packing("both entry points can be imported from plain JavaScript", async () => {
  const script = `
    const host = await import("turnwire/host");
    const server = await import("turnwire");
    const { default: manifest } = await import("turnwire/package.json", { with: { type: "json" } });
    const found = [typeof host.createTransportWsExtension, Object.keys(server).length > 0, manifest.name];
    console.log(JSON.stringify(found));`;
  assert.equal(JSON.parse(await evaluate(script)), ["function", true, "turnwire"]);
});

/** Returns what a module prints in a project that has the package. */
async function evaluate(script: string, node = process.execPath): Promise<string> {
  const { consumer: cwd } = await pack();
  return (await run(node, ["--input-type=module", "-e", script], { cwd, timeout: 30_000 })).stdout;
}

packing("the command prints its version", async () => {
  const { consumer, installed } = await pack();
  const packed = parseManifest(readFileSync(join(installed, "package.json"), "utf8"));
  assert.equal(packed["bin"], { turnwire: "./dist/src/cli.js" });
  const command = join(installed, "dist/src/cli.js");
  const { stdout } = await run(command, ["--version"], { cwd: consumer, env: environment, timeout: 30_000 });
  assert.match(stdout, String(manifest["version"]));
});

packing("the packed server serves its charts: it finds the page and the pictures", async () => {
  const script = `
    const { serveConfig, startServer } = await import("turnwire");
    const flags = ["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:", "--inspect"];
    const config = serveConfig(flags);
    const server = await startServer({ config });
    const status = async (path) => (await fetch(server.inspectUrl + path)).status;
    console.log(JSON.stringify([await status(""), await status("/charts/watch.svg"), await status("/overview")]));
    await server.stop();`;
  assert.equal(JSON.parse(await evaluate(script)), [200, 200, 200]);
});

packing("the examples run where the package is installed", async () => {
  const { consumer: cwd } = await pack();
  for (const [name, last] of [
    ["resume", "without a hole"],
    ["in-a-host", '"status":"idle"'],
  ] as const) {
    const program = `node_modules/turnwire/examples/${name}/main.js`;
    const { stdout } = await run(process.execPath, [program], { cwd, timeout: 30_000 });
    assert.match(stdout.trim().split("\n").at(-1) ?? "", last);
  }
});

// ── an older Node ─────────────────────────────────────────────────────────────────────────────────────────────────

const older = olderNode();
const onOlderNode = older === undefined ? packing.skip : packing;

onOlderNode("on an older Node, one sentence says which version is needed", async () => {
  const { consumer } = await pack();
  const { node = "", version = "" } = older ?? {};
  const sentence = `turnwire needs Node 24 or later and this is Node ${version}: npm i -D node@24`;
  for (const door of ["turnwire", "turnwire/host"]) {
    const script = `import("${door}").catch((error) => console.log(error.message));`;
    assert.is(await evaluate(script, node), `${sentence}\n`);
  }
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env["PATH"]}` };
  const failed = await run("npx", ["turnwire"], { cwd: consumer, env, timeout: 30_000 }).catch((error) => error);
  assert.equal([failed.code, failed.stdout, failed.stderr], [2, "", `${sentence}\n`]);
});

packing("the Node version that the code asks for is the one in package.json", () => {
  const [, oldest] = /const oldestNode = (\d+);/.exec(readFileSync(join(repository, "src/version.ts"), "utf8")) ?? [];
  assert.equal(manifest["engines"], { node: `>=${oldest}` });
});

// ── its types ─────────────────────────────────────────────────────────────────────────────────────────────────────

packing("the package's types compile for a strict consumer", async () => {
  const { consumer } = await pack();
  const lines = [
    'import type { RunningServer } from "turnwire";',
    'import { createTransportWsExtension } from "turnwire/host";',
    "export const active: Promise<void> = createTransportWsExtension().deactivate();",
    "export const stop = (server: RunningServer) => server.inspect(({ chart }) => chart.toUpperCase());",
    "// @ts-expect-error: a number is no extension",
    "export const wrong: number = createTransportWsExtension();",
  ];
  writeFileSync(join(consumer, "use.ts"), lines.join("\n"));
  const compilerOptions = { skipLibCheck: false };
  const settings = { extends: join(repository, "tsconfig.json"), compilerOptions, files: ["use.ts"], include: [] };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify(settings));
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const said = await run(process.execPath, [tsc, "-p", consumer], { timeout: 60_000 }).then(() => "", outputOf);
  // XState's own declarations do not compile.
  const ours = said.split("\n").filter((line) => /^\S/.test(line) && !line.includes("node_modules/xstate/"));
  assert.equal(ours, []);
});

packing("each type that an exported declaration names is exported too", async () => {
  const { consumer, installed } = await pack();
  const entries = ["turnwire", "server/host-extension"].map((name) => join(installed, `dist/src/${name}.d.ts`));
  assert.equal(unexportedTypes(join(consumer, "tsconfig.json"), installed, entries), []);
});

packing("a type that is named and not exported is found", async () => {
  const { consumer } = await pack();
  const directory = join(consumer, "types");
  const file = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  mkdirSync(directory);
  file("tsconfig.json", '{"compilerOptions":{"module":"nodenext"},"files":["entry.ts"]}');
  file("other.ts", "export interface Far {}\nexport type Near = Far;\nexport enum Also { A }");
  file(
    "entry.ts",
    `import { Also, type Far, type Near } from "./other.js";
    interface Local<T> { t: T }
    export type { Near };
    export interface Shown extends Local<Date> { near: Near; also?: { deep: Also[] } }
    export const f = <Far>(far: Far, near: Near): typeof near => near;
    export class C { far?: Far }`,
  );
  const named = (type: string, by: string): string => `entry.ts: ${by} names ${type}, which is not exported`;
  const expected = [named("Far", "Near"), named("Local", "Shown"), named("Also", "Shown"), named("Far", "C")];
  assert.equal(unexportedTypes(join(directory, "tsconfig.json"), directory, [join(directory, "entry.ts")]), expected);
});

// ── its documents ─────────────────────────────────────────────────────────────────────────────────────────────────

packing("the TypeScript and the JavaScript of the documents compile against the package", async () => {
  const { consumer } = await pack();
  const blocks = documents().flatMap(({ path, text }) => blocksOf(path, text).filter(isCode));
  assert.ok(blocks.length > 0);
  assert.equal(await compileErrors(consumer, blocks), []);
});

packing("code in a document that does not compile is reported at its line", async () => {
  const { consumer } = await pack();
  const document = [
    "- Before:",
    "  ```ts",
    '  import { startServer } from "turnwire";',
    "  await startServer({});",
    "  ```",
    "```js",
    'import { silentLogger } from "turnwire";',
    "silentLogger.shout();",
    "export const same = 1;",
    "```",
    "```json",
    "{",
    "```",
  ];
  const blocks = blocksOf("docs/guides/a.md", document.join("\n")).filter(isCode);
  const [first = "", second = "", ...more] = await compileErrors(consumer, blocks);
  assert.match(first, /^docs\/guides\/a\.md:4:19: error TS\d+: /);
  assert.match(second, /^docs\/guides\/a\.md:8:14: error TS\d+: /);
  assert.equal(more, []);
});

packing.run();
