// Runs after `npm pack` and `npm publish`, and by hand after one that was broken off: package.json is ours again.
import { join } from "node:path";
import { restoreManifest } from "./pack/swap.ts";

restoreManifest(join(import.meta.dirname, ".."));
