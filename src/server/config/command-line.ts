// Parses the command line by the table of settings, with error messages of our own.
import { type ParseArgsOptionDescriptor, parseArgs } from "node:util";
import { ConfigError } from "./error.ts";
import { flags, type Setting } from "./settings.ts";

export type Given = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export interface CommandLine {
  given: Given;
  positionals: string[];
}

export const seeHelp = "turnwire --help lists all flags";

const options = {
  ...Object.fromEntries(Object.entries<Setting>(flags).map(([name, setting]) => [name, descriptor(setting)])),
  scopes: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const satisfies Record<string, ParseArgsOptionDescriptor>;

function descriptor({ argument, many }: Setting): ParseArgsOptionDescriptor {
  return { type: argument === undefined ? "boolean" : "string", multiple: many === true };
}

/** Adds the default value to a flag that may be given without one. */
function withValue(argument: string): string {
  const bare = Object.entries<Setting>(flags).find(([name, setting]) => argument === `--${name}` && setting.bare)?.[1];
  return bare ? `${argument}=${bare.bare}` : argument;
}

/** @throws ConfigError */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: argv.map(withValue),
      options,
      allowPositionals: true,
      strict: true,
    });
    return { given: values, positionals };
  } catch (error) {
    throw new ConfigError(complaint(error));
  }
}

/** node:util documents its error codes but not its messages, which are searched only for the flag. */
function complaint(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  const flag = /--?[A-Za-z0-9][\w-]*/.exec(message)?.[0] ?? "this flag";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `Unknown flag ${flag}: ${seeHelp}.`;
  if (flag === "--scopes") return `--scopes needs a value, as --scopes=chat: ${seeHelp}.`;
  const takesValue = Object.entries<Setting>(flags).some(([name, { argument }]) => flag === `--${name}` && argument);
  return takesValue ? `${flag} needs a value, as ${flag}=VALUE: ${seeHelp}.` : `${flag} takes no value: ${seeHelp}.`;
}
