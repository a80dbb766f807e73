// Which turnwire this is.
import { createRequire } from "node:module";
import * as v from "valibot";

/** The version in package.json, found by the package's own name: it holds for src/ and for a built copy alike. */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)("turnwire/package.json");
  return v.parse(v.object({ version: v.string() }), manifest).version;
}
