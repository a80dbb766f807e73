// The table of all settings and the help printed from it. Secrets have no flag, because everyone on the machine can
// read the command line of a process.

export interface Setting {
  /** The equivalent environment variable. */
  readonly variable: string;
  /** The value's placeholder in the help; none for a switch. */
  readonly argument?: string;
  /** The value of the flag given alone. With it, another value must follow `=`. */
  readonly bare?: string;
  /** The default, as on the command line. */
  readonly fallback?: string;
  /** The flag may be repeated. */
  readonly many?: true;
  readonly about: string;
}

export const flags = {
  host: {
    variable: "TURNWIRE_HOST",
    argument: "HOST",
    fallback: "127.0.0.1",
    about: "address to listen on",
  },
  port: {
    variable: "TURNWIRE_PORT",
    argument: "PORT",
    fallback: "24205",
    about: "port of the WebSocket; 0 takes any free one",
  },
  "http-port": {
    variable: "TURNWIRE_HTTP_PORT",
    argument: "PORT",
    fallback: "24203",
    about: "port of the page and the HTTP API; 0 takes any free one",
  },
  "data-dir": {
    variable: "TURNWIRE_DATA_DIR",
    argument: "DIR",
    about:
      "where conversations are kept; :memory: keeps nothing " +
      "(default: $XDG_DATA_HOME/turnwire, else ~/.local/share/turnwire)",
  },
  model: {
    variable: "TURNWIRE_DEFAULT_MODEL",
    argument: "PROVIDER/MODEL",
    about: "default model (default: the first of TURNWIRE_MODEL, else demo/echo)",
  },
  models: {
    variable: "TURNWIRE_MODELS",
    argument: "FILE",
    about: "JSON file of model providers and their models; read again on SIGHUP",
  },
  tools: { variable: "TURNWIRE_TOOLS", argument: "FILE", about: "module that exports the tools for models" },
  "tokens-file": {
    variable: "TURNWIRE_TOKENS_FILE",
    argument: "FILE",
    about: "tokens with names and scopes, written by turnwire token; read again when it changes",
  },
  "allow-origin": {
    variable: "TURNWIRE_ALLOW_ORIGIN",
    argument: "ORIGIN",
    many: true,
    about: "web origin that may use the server, as https://host[:port]; repeat it or separate by commas",
  },
  "sockets-per-address": {
    variable: "TURNWIRE_SOCKETS_PER_ADDRESS",
    argument: "COUNT",
    fallback: "1000",
    about: "sockets from one address beyond this machine; more where a proxy stands for everybody",
  },
  "event-profile": {
    variable: "TURNWIRE_EVENT_PROFILE",
    argument: "full|core",
    fallback: "full",
    about: "core leaves out the events that older clients do not know",
  },
  "drain-ms": {
    variable: "TURNWIRE_DRAIN_MS",
    argument: "MS",
    fallback: "10000",
    about: "how long running turns may go on when the server is stopped",
  },
  orphans: {
    variable: "TURNWIRE_ORPHANS",
    argument: "keep|stop:TIME",
    fallback: "keep",
    about: "a running turn that nobody has watched for TIME (30s, 10m, 2h) is stopped",
  },
  durability: {
    variable: "TURNWIRE_DURABILITY",
    argument: "normal|full",
    fallback: "normal",
    about: "full survives a power cut as well, at ten times the cost of a commit",
  },
  "log-level": {
    variable: "TURNWIRE_LOG_LEVEL",
    argument: "LEVEL",
    fallback: "info",
    about: "trace, debug, info, warn, error, fatal or silent; logs go to stderr",
  },
  inspect: {
    variable: "TURNWIRE_INSPECT",
    argument: "MODE",
    bare: "on",
    about: "show the running charts at /inspect; MODE full: with texts, record: keep what ended badly",
  },
  "no-token": {
    variable: "TURNWIRE_NO_TOKEN",
    about: "ask nobody for a token: every program on this machine may do everything; on loopback only",
  },
  insecure: {
    variable: "TURNWIRE_INSECURE",
    about: "ask nobody for a token, also beyond loopback and behind a proxy: anyone there can use it",
  },
} as const satisfies Record<string, Setting>;

export type FlagName = keyof typeof flags;

/** The flags with a default. */
export type FlagNameWithFallback = {
  [Name in FlagName]: (typeof flags)[Name] extends { fallback: string } ? Name : never;
}[FlagName];

/** Environment variables without a flag. */
const variables = {
  TURNWIRE_TOKEN:
    "token that every request must carry, 1–4096 visible ASCII characters; 16 random ones or more are safe " +
    "(default: one that is made at the first start, kept in the data directory)",
  TURNWIRE_TOKEN_FILE: "file that holds the token, in place of TURNWIRE_TOKEN",
  TURNWIRE_BASE_URL: "OpenAI-compatible endpoint, as http://127.0.0.1:11434/v1",
  TURNWIRE_API_KEY: "key for that endpoint",
  TURNWIRE_API_KEY_FILE: "file that holds the key, in place of TURNWIRE_API_KEY",
  TURNWIRE_MODEL: "name of the model at that endpoint; several separated by commas, the first is the default",
} as const;

export type VariableName = keyof typeof variables;

export const variableNames: readonly string[] = [
  ...Object.values<Setting>(flags).map(({ variable }) => variable),
  ...Object.keys(variables),
];

const leftColumnWidth = 30;

const row = (left: string, right: string): string => `  ${left.padEnd(leftColumnWidth)}${right}`;

function flagRows([name, setting]: [string, Setting]): string[] {
  const value = setting.bare === undefined ? ` ${setting.argument}` : `[=${setting.argument}]`;
  const left = setting.argument === undefined ? `--${name}` : `--${name}${value}`;
  const fallback = setting.fallback === undefined ? "" : ` (default: ${setting.fallback})`;
  return [row(left, `${setting.about}${fallback}`), row("", setting.variable)];
}

export const helpText = [
  "turnwire keeps AI conversations alive for the people who watch them.",
  "",
  "Usage: turnwire serve [flags]",
  "       turnwire token add NAME [--scopes read|chat|admin] --tokens-file FILE   prints the new token, once",
  "       turnwire token remove NAME --tokens-file FILE                           and closes its sockets",
  "       turnwire token list --tokens-file FILE",
  "       turnwire models [--models FILE]                                         lists and tries each model",
  "       turnwire why conversation|connection ID [--host HOST] [--http-port PORT]   asks the running server",
  "",
  "Flags, each with the environment variable that says the same; a flag wins:",
  ...Object.entries<Setting>(flags).flatMap(flagRows),
  row("--help, -h", "print this"),
  row("--version, -v", "print the version"),
  "",
  "Environment only:",
  ...Object.entries(variables).map(([name, about]) => row(name, about)),
  "",
].join("\n");
