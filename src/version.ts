// The version of turnwire and the Node version that it needs. Every entry point imports this first, because an older
// Node would otherwise fail with a missing module or a syntax error.
import { createRequire } from "node:module";
import * as v from "valibot";

const oldestNode = 24;
const { node } = process.versions;
if (Number.parseInt(node, 10) < oldestNode)
  throw new Error(`turnwire needs Node ${oldestNode} or later and this is Node ${node}: npm i -D node@${oldestNode}`);

const manifestSchema = v.object({ version: v.string() });

/**
 * The version in package.json, found by the package's own name, so that it works in src/ and in a built copy. Returns
 * "unknown" where the package cannot be resolved, for instance in a host's bundle.
 */
export function packageVersion(): string {
  try {
    return v.parse(manifestSchema, createRequire(import.meta.url)("turnwire/package.json")).version;
  } catch {
    return "unknown";
  }
}
