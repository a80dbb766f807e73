// Replaces package.json with the published one while npm packs, and restores it. The original is saved before anything
// is written, so that the next pack or scripts/postpack.ts restores it after an interrupted one.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packedManifest, parseManifest } from "./manifest.ts";

const manifestPath = (root: string): string => join(root, "package.json");
const savedPath = (root: string): string => join(root, ".package.json.original");

export function putPackedManifest(root: string): void {
  restoreManifest(root);
  const original = readFileSync(manifestPath(root), "utf8");
  const packed = packedManifest(parseManifest(original));
  writeFileSync(savedPath(root), original);
  writeFileSync(manifestPath(root), `${JSON.stringify(packed, null, 2)}\n`);
}

/** Does nothing when no original is saved. */
export function restoreManifest(root: string): void {
  if (existsSync(savedPath(root))) renameSync(savedPath(root), manifestPath(root));
}
