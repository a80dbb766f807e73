// The validated configuration of the process, from flags and environment (a flag wins). An error is one sentence with
// the flag or variable and the remedy. Must never guess a value or repeat a secret.
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import * as v from "valibot";
import { isLoopback } from "../access/hosts.ts";
import { hostAndPort } from "../runtime/listen.ts";
import { packageVersion } from "../version.ts";
import type { TokenCommand } from "./commands/token.ts";
import type { WhyCommand } from "./commands/why.ts";
import { type Given, parseCommandLine, seeHelp } from "./config/command-line.ts";
import { ConfigError } from "./config/error.ts";
import { type Environment, readSecret } from "./config/secrets.ts";
import {
  type FlagName,
  type FlagNameWithFallback,
  flags,
  helpText,
  type VariableName,
  variableNames,
} from "./config/settings.ts";
import { unknownVariables } from "./config/unknown-variables.ts";
import * as values from "./config/values.ts";
import { type ModelsFile, readModelsFile } from "./models-file.ts";
import { readOwnToken } from "./own-token.ts";

/** An OpenAI-compatible API. */
export interface Endpoint {
  baseUrl: string;
  apiKey: string | undefined;
  /** Names at the endpoint, without a provider, the default first. Empty only when Config.model is given. */
  models: string[];
}

export interface InspectConfig {
  /** Whether texts and payloads are shown. */
  payloads: "hidden" | "full";
  /** Whether the last moves of actors that end badly are kept. */
  records: boolean;
}

export interface Config {
  /** A host name or address as node:net takes it: IPv6 without brackets. */
  host: string;
  /** 0 takes any free one. */
  port: number;
  httpPort: number;
  /** An absolute path, or ":memory:". */
  dataDir: string;
  /** The default model as `<provider>/<model>`. Default: the endpoint's first, else demo/echo. */
  model: string | undefined;
  /** Reads the models file, with the keys from the environment. @throws ModelsFileError */
  readModels: (() => ModelsFile) | undefined;
  /** Absolute path of an existing file. */
  toolsFile: string | undefined;
  allowOrigins: string[];
  eventProfile: "full" | "core";
  /** The most sockets from one address that is not this machine. */
  socketsPerAddress: number;
  drainMs: number;
  /** A turn unwatched for that long is stopped; undefined: never. */
  orphanMs: number | undefined;
  durability: "normal" | "full";
  logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** TURNWIRE_TOKEN. Without it and a tokens file the server makes a token for itself. */
  token: string | undefined;
  /** Nobody is asked for a token. */
  noToken: boolean;
  /** Without a token, also requests that a proxy has passed on are answered. */
  allowForwarded: boolean;
  /** Absolute path of the tokens file. */
  tokensFile: string | undefined;
  endpoint: Endpoint | undefined;
  /** Undefined: no inspection. */
  inspect: InspectConfig | undefined;
  /** Sentences for the log about settings that are allowed but risky. */
  warnings: string[];
}

export type Command =
  | { kind: "serve"; config: Config }
  | { kind: "models"; config: Config }
  | { kind: "token"; command: TokenCommand }
  | { kind: "why"; command: WhyCommand }
  | { kind: "help"; text: string }
  | { kind: "version"; text: string };

export { ConfigError, type Environment };

/**
 * Reads the command line (without node and the script) and the environment.
 * @throws ConfigError
 */
export function readConfig(argv: readonly string[], environment: Environment): Command {
  const { given, positionals } = parseCommandLine(argv);
  if (given["help"] === true) return { kind: "help", text: helpText };
  if (given["version"] === true) return { kind: "version", text: packageVersion() };
  const [command, extra] = positionals;
  if (command === undefined) return { kind: "help", text: helpText };
  if (command === "why") return { kind: "why", command: whyCommand(given, positionals.slice(1), environment) };
  if (command === "token") return { kind: "token", command: tokenCommand(given, positionals.slice(1), environment) };
  if (command !== "serve" && command !== "models")
    throw new ConfigError(`Unknown command "${command}": the commands are turnwire serve, models, token and why.`);
  if (given["scopes"] !== undefined) throw new ConfigError(`Unknown flag --scopes for ${command}: ${seeHelp}.`);
  if (extra !== undefined) throw new ConfigError(`Unexpected argument "${extra}" after ${command}: ${seeHelp}.`);
  return { kind: command, config: configOf(given, environment) };
}

/**
 * The configuration of a server from the flags of `turnwire serve`, for starting one from code.
 * @param environment default: empty. @throws ConfigError
 */
export function serveConfig(flags: readonly string[], environment: Environment = {}): Config {
  const command = readConfig(["serve", ...flags], environment);
  if (command.kind === "serve") return command.config;
  throw new ConfigError(`These flags start no server: ${flags.join(" ")}.`);
}

/** `turnwire token …`. The environment may name the file, as for serve. */
function tokenCommand(given: Given, [action, name, extra]: string[], environment: Environment): TokenCommand {
  if (action !== "add" && action !== "remove" && action !== "list")
    throw new ConfigError(`turnwire token needs one of add, remove, list after it: ${seeHelp}.`);
  const surplus = action === "list" ? name : extra;
  if (surplus !== undefined) throw new ConfigError(`Unexpected argument "${surplus}": ${seeHelp}.`);
  const path = settingsIn(given, environment).find("tokens-file")?.[1];
  if (!path) throw new ConfigError("turnwire token needs --tokens-file FILE, or TURNWIRE_TOKENS_FILE.");
  const file = absolutePath(path, environment);
  if (action === "list") return { action, file };
  const usable = check("The token's NAME", name ?? "", values.tokenName);
  if (action === "remove") return { action, name: usable, file };
  const scopes = check("--scopes", String(given["scopes"] ?? "chat"), values.tokenScopes);
  return { action, name: usable, scopes, file };
}

/** `turnwire why …`: asks the server that serve with the same flags would start. */
function whyCommand(given: Given, [what, id, extra]: string[], environment: Environment): WhyCommand {
  if ((what !== "conversation" && what !== "connection") || id === undefined || extra !== undefined)
    throw new ConfigError(`turnwire why needs conversation ID or connection ID after it: ${seeHelp}.`);
  const { read } = settingsIn(given, environment);
  const url = `http://${hostAndPort(read("host", values.host), read("http-port", values.port))}`;
  const token = readSecret(environment, "TURNWIRE_TOKEN") || readOwnToken(dataDirectoryIn(given, environment));
  return { what, id, url, token };
}

type TextSchema<Output> = v.GenericSchema<string, Output>;

/** Reads settings from their flags, else their variables. An empty variable counts as not set. */
function settingsIn(given: Given, environment: Environment) {
  /** A setting's flag or variable and its text; undefined when it is not set. */
  const find = (name: FlagName): [source: string, text: string] | undefined => {
    const flag = given[name];
    if (flag !== undefined) return [`--${name}`, Array.isArray(flag) ? flag.join(",") : String(flag)];
    const { variable } = flags[name];
    const text = environment[variable];
    return text === undefined || text === "" ? undefined : [variable, text];
  };
  const read = <Output>(name: FlagNameWithFallback, schema: TextSchema<Output>): Output =>
    check(...(find(name) ?? [`--${name}`, flags[name].fallback]), schema);
  const readIfSet = <Output>(name: FlagName, schema: TextSchema<Output>): Output | undefined => {
    const found = find(name);
    return found && check(...found, schema);
  };
  return { find, read, readIfSet };
}

function configOf(given: Given, environment: Environment): Config {
  const { read, readIfSet } = settingsIn(given, environment);
  // Empty is refused, not ignored: TURNWIRE_TOKENS_FILE=$FILE with an unset FILE must not start an open server.
  if (environment[flags["tokens-file"].variable] === "")
    throw new ConfigError(`${flags["tokens-file"].variable} is empty: give a path, or unset it.`);
  const token = readSecret(environment, "TURNWIRE_TOKEN");
  const insecure = readIfSet("insecure", values.truth) ?? false;
  const model = readIfSet("model", values.model);
  const config: Config = {
    host: read("host", values.host),
    port: read("port", values.port),
    httpPort: read("http-port", values.port),
    dataDir: dataDirectoryIn(given, environment),
    model,
    readModels: modelsReader(existingFile("models", readIfSet("models", values.path), environment), environment),
    toolsFile: existingFile("tools", readIfSet("tools", values.path), environment),
    allowOrigins: readIfSet("allow-origin", values.origins) ?? [],
    eventProfile: read("event-profile", values.eventProfile),
    socketsPerAddress: read("sockets-per-address", values.socketsPerAddress),
    drainMs: read("drain-ms", values.drainMs),
    orphanMs: read("orphans", values.orphans),
    durability: read("durability", values.durability),
    logLevel: read("log-level", values.logLevel),
    // Empty is refused, not ignored: TURNWIRE_TOKEN=$TOKEN with an unset TOKEN must not start an open server.
    token: token === undefined ? undefined : check("TURNWIRE_TOKEN", token, values.secret, "secret"),
    noToken: false,
    allowForwarded: insecure,
    tokensFile: existingFile("tokens-file", readIfSet("tokens-file", values.path), environment),
    endpoint: readEndpoint(environment, model),
    inspect: readIfSet("inspect", values.inspectMode),
    warnings: unknownVariables(Object.keys(environment), variableNames),
  };
  const wantsNone = readIfSet("no-token", values.truth) ?? false;
  config.noToken = (wantsNone || insecure) && token === undefined && config.tokensFile === undefined;
  checkTogether(config, wantsNone, insecure);
  return config;
}

/** The rules that combine several settings. */
function checkTogether(config: Config, wantsNone: boolean, insecure: boolean): void {
  if (config.port !== 0 && config.port === config.httpPort)
    throw new ConfigError(`--port and --http-port are both ${config.port}: give each its own, or 0 for any free one.`);
  const { host, token, noToken, allowOrigins, warnings } = config;
  const given = token !== undefined ? "TURNWIRE_TOKEN" : "--tokens-file";
  if (wantsNone && !noToken) throw new ConfigError(`--no-token and ${given} are both given: leave one of them out.`);
  const isPublic = !isLoopback(host);
  if (noToken && isPublic && !insecure)
    throw new ConfigError(
      `--no-token with --host ${host}, which can be reached from other machines: leave --no-token out, or give ` +
        "--insecure to let anyone there use the server.",
    );
  if (noToken && allowOrigins.length > 0)
    throw new ConfigError(
      `--allow-origin ${allowOrigins[0]} without a token would let everybody on that site use the server: leave out ` +
        `--${insecure ? "insecure" : "no-token"}.`,
    );
  if (noToken && isPublic) warnings.push(`anyone who can reach ${host} can use this server (--insecure)`);
  if (token !== undefined && token.length < tokenCharactersSafe)
    warnings.push(`TURNWIRE_TOKEN has fewer than ${tokenCharactersSafe} characters and might be guessed`);
}

const tokenCharactersSafe = 16;

function readEndpoint(environment: Environment, defaultModel: string | undefined): Endpoint | undefined {
  const read = <Output>(name: VariableName, schema: TextSchema<Output>, kind?: "secret"): Output | undefined => {
    const text = name === "TURNWIRE_API_KEY" ? readSecret(environment, name) : environment[name];
    return text ? check(name, text, schema, kind) : undefined;
  };
  const baseUrl = read("TURNWIRE_BASE_URL", values.baseUrl, "secret");
  const apiKey = read("TURNWIRE_API_KEY", values.secret, "secret");
  const models = read("TURNWIRE_MODEL", values.modelNames);
  if (baseUrl === undefined) {
    const lonely = apiKey !== undefined ? "TURNWIRE_API_KEY" : models !== undefined ? "TURNWIRE_MODEL" : undefined;
    if (lonely === undefined) return undefined;
    throw new ConfigError(
      `${lonely} is set and TURNWIRE_BASE_URL is not: set TURNWIRE_BASE_URL to the endpoint, or unset ${lonely}.`,
    );
  }
  if (models === undefined && defaultModel === undefined)
    throw new ConfigError(
      "TURNWIRE_BASE_URL is set and TURNWIRE_MODEL is not: set TURNWIRE_MODEL to the model's name at that endpoint.",
    );
  return { baseUrl, apiKey, models: models ?? [] };
}

const modelsReader = (file: string | undefined, environment: Environment): Config["readModels"] =>
  file === undefined ? undefined : () => readModelsFile(file, environment);

function check<Output>(name: string, text: string, schema: TextSchema<Output>, kind?: "secret"): Output {
  const result = v.safeParse(schema, text, { abortEarly: true });
  if (result.success) return result.output;
  const hidden = text === "" ? "empty" : "not usable";
  const value = kind === "secret" ? hidden : JSON.stringify(text);
  throw new ConfigError(`${name} is ${value}: ${result.issues[0].message}.`);
}

const dataDirectoryIn = (given: Given, environment: Environment): string =>
  dataDirectory(settingsIn(given, environment).readIfSet("data-dir", values.path), environment);

function dataDirectory(given: string | undefined, environment: Environment): string {
  if (given === ":memory:") return given;
  if (given !== undefined) return absolutePath(given, environment);
  const dataHome = environment["XDG_DATA_HOME"];
  // A relative XDG_DATA_HOME must be ignored (XDG Base Directory Specification 0.8).
  if (dataHome !== undefined && isAbsolute(dataHome)) return join(dataHome, "turnwire");
  return join(home(environment), ".local", "share", "turnwire");
}

const fileRemedies = {
  models: "docs/guides/models.md has an example",
  tools: "give the path of a module",
  "tokens-file": "turnwire token add NAME makes one",
} as const;

function existingFile(
  flag: keyof typeof fileRemedies,
  given: string | undefined,
  environment: Environment,
): string | undefined {
  if (given === undefined) return undefined;
  const file = absolutePath(given, environment);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
  throw new ConfigError(`--${flag} is ${JSON.stringify(given)}: there is no such file; ${fileRemedies[flag]}.`);
}

/** Expands `~`, because the shell does not in --data-dir=~/x. */
function absolutePath(path: string, environment: Environment): string {
  return path === "~" || path.startsWith("~/") ? join(home(environment), path.slice(1)) : resolve(path);
}

const home = (environment: Environment): string => environment["HOME"] || homedir();
