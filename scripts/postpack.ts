// Runs after `npm pack` and `npm publish`: restores package.json. Run it yourself after a pack that was interrupted.
import { join } from "node:path";
import { restoreManifest } from "./pack/swap.ts";

restoreManifest(join(import.meta.dirname, ".."));
