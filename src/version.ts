// Which turnwire this is.
import { createRequire } from "node:module";
import * as v from "valibot";

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
