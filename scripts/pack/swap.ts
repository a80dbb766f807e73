// Puts the published package.json in the place of ours for as long as npm packs, and ours back. The original is set
// aside before anything is written: a pack that was broken off is mended by the next one, or by scripts/postpack.ts.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packedManifest, parseManifest } from "./manifest.ts";

const manifestPath = (root: string): string => join(root, "package.json");
const asidePath = (root: string): string => join(root, ".package.json.original");

export function putPackedManifest(root: string): void {
  restoreManifest(root);
  const original = readFileSync(manifestPath(root), "utf8");
  const packed = packedManifest(parseManifest(original));
  writeFileSync(asidePath(root), original);
  writeFileSync(manifestPath(root), `${JSON.stringify(packed, null, 2)}\n`);
}

/** Harmless when nothing was set aside. */
export function restoreManifest(root: string): void {
  if (existsSync(asidePath(root))) renameSync(asidePath(root), manifestPath(root));
}
