// Lowers limits for a test. A limit that is already lower stays, because the suites under test/smallest/ run with every
// limit at its smallest.
import type { Limits } from "../../src/limits.ts";
import { limits } from "./limits.ts";

/** Each bound, or the limit in force where that is smaller. */
export function noLargerThan<Name extends keyof Limits>(bounds: Record<Name, number>): Record<Name, number> {
  const smaller = { ...bounds };
  for (const name in bounds) smaller[name] = Math.min(bounds[name], limits[name]);
  return smaller;
}
