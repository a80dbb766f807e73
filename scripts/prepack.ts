// Runs before `npm pack` and `npm publish`: builds dist/ and points package.json there (scripts/pack/swap.ts). If the
// build fails, it exits with code 1 and leaves package.json unchanged.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { putPackedManifest, restoreManifest } from "./pack/swap.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

restoreManifest(root);
rmSync(dist, { recursive: true, force: true });
const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
const build = [join(typescript, "bin/tsc"), "-p", join(root, "tsconfig.build.json")];
const { status } = spawnSync(process.execPath, build, { stdio: ["ignore", "inherit", "inherit"] });
if (status !== 0) {
  process.stderr.write("dist/ could not be built, so nothing is packed\n");
  process.exit(1);
}
// Not compiled: the pages' files and the pictures of the charts, which are served as they are.
for (const directory of ["src/page", "visualizations"])
  cpSync(join(root, directory), join(dist, directory), { recursive: true });
chmodSync(join(dist, "src/cli.js"), 0o755);
putPackedManifest(root);
