// Runs before `npm pack` and `npm publish`: builds dist/ and points package.json there (scripts/pack/swap.ts). Ends
// with exit code 1, and with package.json as it was, when anything does not build.
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
  process.stderr.write("dist/ could not be built: nothing is packed\n");
  process.exit(1);
}
// What is no TypeScript is served as it is: the pages' files and the charts' pictures.
for (const directory of ["src/page", "visualizations"])
  cpSync(join(root, directory), join(dist, directory), { recursive: true });
chmodSync(join(dist, "src/cli.js"), 0o755);
putPackedManifest(root);
