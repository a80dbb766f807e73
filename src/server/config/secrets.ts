// Secrets from the environment: NAME itself, or NAME_FILE, which names a file that holds it (as container platforms
// mount them). A message must never repeat the secret.
import { readFileSync } from "node:fs";
import { errorMessage } from "../../ports/guard.ts";
import { ConfigError } from "./error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that hold secrets of ours. Those of a models file come on top. */
export const secretVariables = ["TURNWIRE_TOKEN", "TURNWIRE_BASE_URL", "TURNWIRE_API_KEY"] as const;

/** No secret is longer, and a file that is has been named by mistake. */
const secretBytesMax = 64 * 1024;

/**
 * @returns the secret, without the line break that ends a file; undefined when neither variable is set.
 * @throws ConfigError when both are set, or the file cannot be read.
 */
export function readSecret(environment: Environment, name: string): string | undefined {
  const file = environment[`${name}_FILE`];
  if (file === undefined) return environment[name];
  if (environment[name] !== undefined)
    throw new ConfigError(`${name} and ${name}_FILE are both set: unset one of them.`);
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > secretBytesMax) throw new Error(`it has more than ${secretBytesMax} bytes`);
    return text.replace(/\r?\n$/, "");
  } catch (error) {
    const what = `${name}_FILE is ${JSON.stringify(file)}, which cannot be read`;
    throw new ConfigError(`${what} (${errorMessage(error)}): name a file that holds the secret.`);
  }
}
