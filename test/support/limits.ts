// The limits that the suites give their servers: the server's own, until test/smallest/ puts others in their place,
// which it does before it loads a suite.
import { limits as defaults, type Limits } from "../../src/limits.ts";

export const limits: { -readonly [name in keyof Limits]: number } = { ...defaults };
