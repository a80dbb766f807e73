// The limits that the suites pass to their servers: the defaults, unless test/smallest/ replaces them before it loads a
// suite.
import { limits as defaults, type Limits } from "../../src/limits.ts";

export const limits: { -readonly [name in keyof Limits]: number } = { ...defaults };
