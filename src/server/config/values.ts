// Validates and converts the text of each setting. A message follows "<name> is <value>: " and says what is valid. It
// must not repeat the value, which may be a secret.
import { isIPv6 } from "node:net";
import * as v from "valibot";
import { tokenName as storedTokenName, tokenNameRule } from "../../access/credentials.ts";
import { type Origin, originText, parseAuthority, parseOrigin } from "../../access/hosts.ts";
import { scopes } from "../../ports/authorisation.ts";

function wholeNumber(least: number, most: number, unit: string) {
  const message = `it must be a whole number from ${least} to ${most}${unit}`;
  return v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,15}$/, message),
    v.transform(Number),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
}

/** For a secret, which is sent in a header, and for a model's name. */
const atMost4096 = v.maxLength<string, 4096, string>(4_096, "it must have at most 4096 characters");

const oneOf = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `it must be one of ${names.join(", ")}`);

/** Accepts an address with or without brackets and returns it as node:net takes it. */
export const host = v.pipe(
  v.string(),
  v.transform((text) => (isIPv6(text) ? `[${text}]` : text)),
  v.check((text) => {
    const authority = parseAuthority(text);
    return authority !== undefined && authority.port === undefined;
  }, "it must be one host name or IP address, without a port (that is --port)"),
  v.transform((text) => text.replace(/^\[|\]$/g, "").toLowerCase()),
);

export const port = wholeNumber(0, 65_535, " (0 takes any free port)");

/** limits.socketsMax bounds all sockets anyway. */
export const socketsPerAddress = wholeNumber(1, 1_000_000, "");

/** At most an hour, which is longer than most supervisors wait. */
export const drainMs = wholeNumber(0, 60 * 60_000, " milliseconds");

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds; undefined for `keep`. */
export const orphans = v.pipe(
  v.string(),
  v.regex(/^(keep|stop:[1-9]\d{0,5}[smh])$/, "it must be keep, or stop: and a time, as stop:10m (s, m or h)"),
  v.transform((text) => {
    const [, count, unit] = /^stop:(\d+)([smh])$/.exec(text) ?? [];
    return unit === "s" || unit === "m" || unit === "h" ? Number(count) * unitsMs[unit] : undefined;
  }),
);

export const path = v.pipe(v.string(), v.nonEmpty("it must name a path"));

/** `<provider>/<model>`; the model's own name may hold further slashes. */
export const model = v.pipe(
  v.string(),
  v.regex(/^[^/\s]+\/\S+$/, "it must be <provider>/<model>, as demo/echo"),
  atMost4096,
);

const listed = v.pipe(
  v.string(),
  v.transform((text) => text.split(",").map((part) => part.trim())),
);

export const tokenName = v.pipe(
  v.string(),
  v.check((name) => v.is(storedTokenName, name), `it ${tokenNameRule}`),
);

export const tokenScopes = v.pipe(
  listed,
  v.array(v.picklist(scopes, `it must be one of ${scopes.join(", ")}; each includes the ones before it`)),
);

export const eventProfile = oneOf(["full", "core"]);
export const durability = oneOf(["normal", "full"]);
export const logLevel = oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]);

/** A switch in the environment. */
export const truth = v.pipe(
  oneOf(["1", "true", "yes", "0", "false", "no"]),
  v.transform((text) => ["1", "true", "yes"].includes(text)),
);

export const origins = v.pipe(
  listed,
  v.array(
    v.pipe(
      v.string(),
      v.transform(parseOrigin),
      v.custom<Origin>((origin) => origin !== undefined, "it must be an origin as https://host[:port], without a path"),
      v.transform(originText),
    ),
  ),
);

/** Visible ASCII, because it is sent in a header (RFC 9110 11.2 and 5.5). */
export const secret = v.pipe(
  v.string(),
  v.regex(/^[!-~]+$/, "it must be one or more visible ASCII characters without spaces"),
  atMost4096,
);

export const baseUrl = v.pipe(
  v.string(),
  v.check((text) => isHttpUrl(text), "it must be an http or https URL, as http://127.0.0.1:11434/v1"),
);

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.username === "";
}

export const modelNames = v.pipe(
  listed,
  v.array(v.pipe(v.string(), v.regex(/^\S+$/, "it must be model names separated by commas"))),
);

export const inspectMode = v.pipe(
  v.picklist(
    ["on", "full", "record", "full,record"],
    "it must be on, full, record or full,record; the Stately inspector is at /inspect/stately",
  ),
  v.transform((mode) => ({
    payloads: mode.startsWith("full") ? ("full" as const) : ("hidden" as const),
    records: mode.endsWith("record"),
  })),
);
