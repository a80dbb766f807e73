// Packs a copy of this repository with npm and unpacks it as a dependency of another project, once per process.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { outputOf, run } from "../support/run.ts";
import { copyWorkingTree, repository } from "../support/working-tree.ts";

/** This Node and the repository's commands come first. */
export const environment = {
  ...process.env,
  PATH: `${join(repository, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`,
};

export interface Packed {
  /** The copy of the repository that was packed. */
  tree: string;
  /** A project with the package among its dependencies. */
  consumer: string;
  /** The package in that project. */
  installed: string;
}

let packed: Promise<Packed> | undefined;

export function pack(): Promise<Packed> {
  packed ??= packOnce();
  return packed;
}

async function packOnce(): Promise<Packed> {
  const root = mkdtempSync(join(tmpdir(), "turnwire-package-"));
  process.once("exit", () => rmSync(root, { recursive: true, force: true }));
  const tree = join(root, "tree");
  copyWorkingTree(tree);
  const args = ["pack", "--silent", "--foreground-scripts", "--pack-destination", root];
  await run("npm", args, { cwd: tree, env: environment, timeout: 90_000 }).catch((error: unknown) => {
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
  mkdirSync(join(consumer, "node_modules/.bin"));
  symlinkSync("../turnwire/dist/src/cli.js", join(consumer, "node_modules/.bin/turnwire"));
  writeFileSync(join(consumer, "package.json"), '{"type":"module"}');
  return { tree, consumer, installed };
}

/** A Node of this machine that is too old for the package, if there is one. */
export function olderNode(): { node: string; version: string } | undefined {
  for (const directory of process.env["PATH"]?.split(delimiter) ?? []) {
    const node = join(directory, "node");
    const version = spawnSync(node, ["--print", "process.versions.node"], { encoding: "utf8" }).stdout?.trim();
    if (version && Number.parseInt(version, 10) < 24) return { node, version };
  }
  return undefined;
}
