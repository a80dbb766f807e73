// Which turnwire this is, and which Node it needs. Imported first by every way into the package: an older Node would
// otherwise answer with a missing module or a syntax error.
import { createRequire } from "node:module";
import * as v from "valibot";

const oldestNode = 24;
const { node } = process.versions;
if (Number.parseInt(node, 10) < oldestNode)
  throw new Error(`turnwire needs Node ${oldestNode} or later and this is Node ${node}: npm i -D node@${oldestNode}`);

const manifestSchema = v.object({ version: v.string() });

/**
 * The version in package.json, found by the package's own name: it holds for src/ and for a built copy alike. "unknown"
 * where the package cannot find itself, as in a bundle of its host.
 */
export function packageVersion(): string {
  try {
    return v.parse(manifestSchema, createRequire(import.meta.url)("turnwire/package.json")).version;
  } catch {
    return "unknown";
  }
}
