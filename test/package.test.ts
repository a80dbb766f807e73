// What is published works without TypeScript: this packs a copy of the house with npm, unpacks it as somebody's
// dependency, and uses it from plain JavaScript.
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type JsonObject, packedManifest, parseManifest } from "../scripts/pack/manifest.ts";
import { putPackedManifest, restoreManifest } from "../scripts/pack/swap.ts";

const repository = join(import.meta.dirname, "..");
const binaries = join(repository, "node_modules/.bin");
const run = promisify(execFile);

const manifest = parseManifest(readFileSync(join(repository, "package.json"), "utf8"));

const unit = suite("package: manifest");

unit("doors lead into dist, and nothing of our workshop is published", () => {
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
    files: ["dist", "README.md", "LICENSE"],
    dependencies: { ws: "8" },
  });
});

const wrong: [string, JsonObject, string][] = [
  ["a door to what is not built", { bin: { x: "./tools/x.ts" } }, '"./tools/x.ts" is not built'],
  ["a door with conditions", { exports: { ".": { default: "./src/x.ts" } } }, '"." must lead to one path'],
  ["a single door", { exports: "./src/x.ts" }, "must be objects of paths"],
];
for (const [what, broken, says] of wrong) {
  unit(`${what} is refused`, () => {
    assert.throws(() => packedManifest(broken), says);
  });
}

unit("package.json comes back to the letter, also after a pack that was broken off", () => {
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

interface Consumer {
  root: string;
  fixture: string;
  consumer: string;
  installed: string;
}

const packing = suite<Partial<Consumer>>("package: packed");

// No `before` hook: uvu drops what a hook throws.
packing("npm packs the fixture", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "turnwire-package-"));
  context.root = root;
  const fixture = join(root, "fixture");
  mkdirSync(fixture);
  const parts = ["package.json", "tsconfig.json", "tsconfig.build.json", "LICENSE", "README.md", "src", "machines"];
  for (const part of [...parts, "scripts", "visualizations"]) {
    if (existsSync(join(repository, part))) cpSync(join(repository, part), join(fixture, part), { recursive: true });
  }
  symlinkSync(join(repository, "node_modules"), join(fixture, "node_modules"));
  const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env["PATH"] ?? ""}` };
  const args = ["pack", "--silent", "--foreground-scripts", "--pack-destination", root];
  await run("npm", args, { cwd: fixture, env, timeout: 90_000 }).catch((error: unknown) => {
    throw new Error(`npm pack failed: ${outputOf(error)}`);
  });
  const tarball = readdirSync(root).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack left no tarball");
  const consumer = join(root, "consumer");
  const installed = join(consumer, "node_modules/turnwire");
  mkdirSync(installed, { recursive: true });
  await run("tar", ["-xzf", join(root, tarball), "--strip-components=1", "-C", installed], { timeout: 30_000 });
  for (const name of readdirSync(join(repository, "node_modules"))) {
    if (name.startsWith(".") || name === "turnwire") continue;
    symlinkSync(join(repository, "node_modules", name), join(consumer, "node_modules", name));
  }
  writeFileSync(join(consumer, "package.json"), '{"type":"module"}');
  Object.assign(context, { root, fixture, consumer, installed } satisfies Consumer);
});

packing.after(({ root }) => {
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

/** What a command that failed has printed. */
function outputOf(error: unknown): string {
  const part = (name: string): string => String(Reflect.get(Object(error), name) ?? "");
  return `${part("stdout")}${part("stderr")}` || String(error);
}

function of(context: Partial<Consumer>, name: keyof Consumer): string {
  const path = context[name];
  if (path === undefined) throw new Error("nothing was packed");
  return path;
}

packing("the fixture is as it was", (context) => {
  const fixture = of(context, "fixture");
  assert.is(
    readFileSync(join(fixture, "package.json"), "utf8"),
    readFileSync(join(repository, "package.json"), "utf8"),
  );
  assert.not.ok(existsSync(join(fixture, ".package.json.original")));
});

packing("the package holds what runs and nothing else", (context) => {
  const installed = of(context, "installed");
  const paths = readdirSync(installed, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));
  const pages = ["dist/src/page/index.html", "dist/visualizations/live/index.html", "dist/visualizations/watch.svg"];
  for (const path of ["package.json", "LICENSE", "dist/src/cli.js", "dist/src/server/host-extension.d.ts", ...pages]) {
    assert.ok(paths.includes(path), path);
  }
  const tops = new Set(paths.map((path) => path.split("/")[0]));
  tops.delete("README.md");
  assert.equal([...tops].sort(), ["LICENSE", "dist", "package.json"]);
  assert.equal(
    paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts")),
    [],
  );
});

packing("both doors open from plain JavaScript", async (context) => {
  const script = `
    const host = await import("turnwire/host");
    const server = await import("turnwire");
    const { default: manifest } = await import("turnwire/package.json", { with: { type: "json" } });
    const found = [typeof host.createTransportWsExtension, Object.keys(server).length > 0, manifest.name];
    console.log(JSON.stringify(found));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: of(context, "consumer"),
    timeout: 30_000,
  });
  assert.equal(JSON.parse(stdout), ["function", true, "turnwire"]);
});

packing("the command says its version", async (context) => {
  const installed = of(context, "installed");
  const packed = parseManifest(readFileSync(join(installed, "package.json"), "utf8"));
  assert.equal(packed["bin"], { turnwire: "./dist/src/cli.js" });
  const command = join(installed, "dist/src/cli.js");
  const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env["PATH"] ?? ""}` };
  const { stdout } = await run(command, ["--version"], { cwd: of(context, "consumer"), env, timeout: 30_000 });
  assert.match(stdout, String(manifest["version"]));
});

packing("its server shows its charts: the page and the pictures are where it looks for them", async (context) => {
  const script = `
    const { readConfig, silentLogger, startServer, systemClock } = await import("turnwire");
    const flags = ["--port", "0", "--http-port", "0", "--data-dir", ":memory:", "--inspect"];
    const { config } = readConfig(["serve", ...flags], {});
    const server = await startServer({ config, clock: systemClock, logger: silentLogger });
    const status = async (path) => (await fetch(server.inspectUrl + path)).status;
    console.log(JSON.stringify([await status(""), await status("/charts/watch.svg"), await status("/overview")]));
    await server.stop();`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: of(context, "consumer"),
    timeout: 30_000,
  });
  assert.equal(JSON.parse(stdout), [200, 200, 200]);
});

packing("its types are found by a strict consumer", async (context) => {
  const consumer = of(context, "consumer");
  writeFileSync(
    join(consumer, "use.ts"),
    `import { createTransportWsExtension } from "turnwire/host";
export const active: Promise<void> = createTransportWsExtension().deactivate();
// @ts-expect-error: a number is no extension
export const wrong: number = createTransportWsExtension();
`,
  );
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--types", "node", "use.ts"];
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, ...flags], { cwd: consumer, timeout: 60_000 }).catch(
    (error: unknown) => ({ stdout: outputOf(error) }),
  );
  assert.is(stdout.trim(), "");
});

packing.run();
