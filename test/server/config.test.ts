// The configuration from flags and environment: its values, and the one-sentence error for everything that is wrong.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { flags } from "../../src/server/config/settings.ts";
import { type Config, ConfigError, type Environment, readConfig } from "../../src/server/config.ts";
import { packageVersion } from "../../src/version.ts";

const test = suite("config");

const home: Environment = { HOME: "/home/someone" };
const token = "a-token-of-some-length";

function serve(args: string[] = [], environment: Environment = {}): Config {
  const command = readConfig(["serve", ...args], { ...home, ...environment });
  if (command.kind !== "serve") throw new Error(`expected serve, but got ${command.kind}`);
  return command.config;
}

/** The message with which these arguments are refused. */
function refusal(args: string[], environment: Environment = {}): string {
  try {
    readConfig(args, { ...home, ...environment });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.match(error.message, /^\S.*\.$/, "one sentence on one line");
    return error.message;
  }
  throw new Error(`${args.join(" ")} was accepted`);
}

test("without flags the server is private and has its defaults", () => {
  assert.equal(serve(), {
    host: "127.0.0.1",
    port: 24205,
    httpPort: 24203,
    dataDir: "/home/someone/.local/share/turnwire",
    model: undefined,
    readModels: undefined,
    toolsFile: undefined,
    allowOrigins: [],
    eventProfile: "full",
    socketsPerAddress: 1_000,
    drainMs: 10_000,
    orphanMs: undefined,
    durability: "normal",
    logLevel: "info",
    token: undefined,
    noToken: false,
    allowForwarded: false,
    tokensFile: undefined,
    endpoint: undefined,
    inspect: undefined,
    warnings: [],
  });
});

test("--inspect alone shows the charts without texts, and its modes show more", () => {
  const hidden = { payloads: "hidden", records: false };
  assert.equal(serve(["--inspect"]).inspect, hidden);
  assert.equal(serve(["--inspect=on"]).inspect, hidden);
  assert.equal(serve([], { TURNWIRE_INSPECT: "on" }).inspect, hidden);
  assert.equal(serve(["--inspect=full"]).inspect, { payloads: "full", records: false });
  assert.equal(serve(["--inspect=record"]).inspect, { payloads: "hidden", records: true });
  assert.equal(serve(["--inspect=full,record"]).inspect, { payloads: "full", records: true });
  const before = refusal(["serve", "--inspect=stately"]);
  const remedy = "it must be on, full, record or full,record; the Stately inspector is at /inspect/stately.";
  assert.is(before, `--inspect is "stately": ${remedy}`);
});

test("every flag is read", () => {
  const directory = mkdtempSync(join(tmpdir(), "turnwire-config-"));
  const tools = join(directory, "tools.mjs");
  writeFileSync(tools, "export default []");
  const config = serve([
    ...["--host", "localhost", "--port=0", "--http-port", "0", "--data-dir", ":memory:", "--model", "openai/org/name"],
    ...[
      "--tools",
      tools,
      "--event-profile",
      "core",
      "--drain-ms",
      "0",
      "--durability",
      "full",
      "--log-level",
      "silent",
    ],
    ...["--allow-origin", "https://a.example", "--allow-origin", "http://B.lan:8080,https://c.example:443"],
  ]);
  rmSync(directory, { recursive: true });
  assert.equal(config, {
    ...serve(),
    host: "localhost",
    port: 0,
    httpPort: 0,
    dataDir: ":memory:",
    model: "openai/org/name",
    toolsFile: tools,
    allowOrigins: ["https://a.example", "http://b.lan:8080", "https://c.example"],
    eventProfile: "core",
    drainMs: 0,
    durability: "full",
    logLevel: "silent",
  });
});

test("every flag has a variable, and the flag wins", () => {
  const environment = {
    TURNWIRE_HOST: "::1",
    TURNWIRE_PORT: "1",
    TURNWIRE_HTTP_PORT: "2",
    TURNWIRE_DATA_DIR: "/data",
    TURNWIRE_DEFAULT_MODEL: "demo/tools",
    TURNWIRE_ALLOW_ORIGIN: "https://a.example, https://b.example",
    TURNWIRE_EVENT_PROFILE: "core",
    TURNWIRE_DRAIN_MS: "3",
    TURNWIRE_DURABILITY: "full",
    TURNWIRE_LOG_LEVEL: "debug",
  };
  const config = serve([], environment);
  assert.equal([config.host, config.port, config.httpPort, config.dataDir], ["::1", 1, 2, "/data"]);
  assert.equal([config.model, config.eventProfile, config.drainMs], ["demo/tools", "core", 3]);
  assert.equal([config.durability, config.logLevel], ["full", "debug"]);
  assert.equal(config.allowOrigins, ["https://a.example", "https://b.example"]);
  assert.is(serve(["--port", "9"], environment).port, 9);
  assert.equal(serve(["--allow-origin", "https://c.example"], environment).allowOrigins, ["https://c.example"]);
  for (const [name, { variable }] of Object.entries(flags))
    if (name !== "model") assert.is(variable, `TURNWIRE_${name.replaceAll("-", "_").toUpperCase()}`);
});

test("an empty variable counts as unset", () => {
  assert.is(serve([], { TURNWIRE_PORT: "", TURNWIRE_BASE_URL: "", TURNWIRE_INSECURE: "" }).port, 24205);
});

test("help and version take precedence over everything except an unknown flag", () => {
  const help = readConfig(["--help"], {});
  assert.is(help.kind, "help");
  assert.equal(readConfig([], {}), help, "without a command");
  assert.equal(readConfig(["serve", "-h", "--port", "nonsense"], {}), help);
  assert.equal(readConfig(["-v"], {}), { kind: "version", text: packageVersion() });
  assert.equal(readConfig(["serve", "--version"], {}), { kind: "version", text: packageVersion() });
  assert.match(packageVersion(), /^\d+\.\d+\.\d+/);
});

test("the help names every flag and variable", () => {
  const command = readConfig(["--help"], {});
  const text = command.kind === "help" ? command.text : "";
  for (const [name, { variable }] of Object.entries(flags)) {
    assert.match(text, `--${name}`);
    assert.match(text, variable);
  }
  for (const name of ["TURNWIRE_TOKEN", "TURNWIRE_BASE_URL", "TURNWIRE_API_KEY", "TURNWIRE_MODEL"])
    assert.match(text, name);
});

test("an invalid token name is refused with the rule for names", () => {
  for (const name of ["a b", "", "x".repeat(65)]) {
    const sentence = refusal(["token", "add", name, "--tokens-file=t"]);
    assert.is(sentence.startsWith(`The token's NAME is "${name}": it must be 1–64 letters, digits,`), true, sentence);
  }
});

test("an unknown command is refused", () => {
  assert.is(refusal(["start"]), 'Unknown command "start": the commands are turnwire serve, models, token and why.');
  assert.match(refusal(["serve", "now"]), 'Unexpected argument "now"');
});

test("the error for an unknown flag names it and suggests --help", () => {
  assert.is(refusal(["serve", "--prot", "1"]), "Unknown flag --prot: turnwire --help lists all flags.");
  assert.is(refusal(["--prot=1"]), "Unknown flag --prot: turnwire --help lists all flags.");
  assert.match(refusal(["serve", "-p", "1"]), "Unknown flag -p:");
  assert.match(refusal(["serve", "--token", "x"]), "Unknown flag --token:", "a secret is not a flag");
});

test("a flag without its value, and a switch with a value, are refused", () => {
  assert.match(refusal(["serve", "--port"]), "--port needs a value");
  assert.match(refusal(["serve", "--host", "--port", "1"]), "--host needs a value");
  assert.match(refusal(["serve", "--insecure=yes"]), "--insecure takes no value");
  assert.match(refusal(["serve", "--help=yes"]), "takes no value");
});

test("a wrong value is refused with the flag, the value and the rule", () => {
  const wrong: [flag: string, values: string[], rule: string][] = [
    [
      "--port",
      ["", "abc", "-1", "65536", "1.5", "1e3", " 1", "0x10", "9".repeat(20)],
      "a whole number from 0 to 65535",
    ],
    ["--http-port", ["x"], "a whole number from 0 to 65535"],
    ["--drain-ms", ["soon", "-1", "3600001"], "a whole number from 0 to 3600000"],
    ["--host", ["", "localhost:80", "http://localhost", "[::1]:80", "a b", "[::1"], "one host name or IP address"],
    ["--model", ["echo", "demo/", "/echo", "demo/a b", `demo/${"x".repeat(5000)}`], ""],
    ["--event-profile", ["all"], "one of full, core"],
    ["--durability", ["", "max"], "one of normal, full"],
    ["--log-level", ["verbose"], "one of trace, debug, info, warn, error, fatal, silent"],
    ["--data-dir", [""], "must name a path"],
    [
      "--allow-origin",
      ["*", "null", "a.example", "https://a.example/", "ws://a.example", "https://a,", "https://"],
      "origin",
    ],
  ];
  for (const [flag, values, rule] of wrong)
    for (const value of values) {
      const sentence = refusal(["serve", `${flag}=${value}`]);
      assert.ok(sentence.startsWith(`${flag} is ${JSON.stringify(value)}: it must`), sentence);
      assert.match(sentence, rule);
    }
});

test("a wrong variable is refused with its own name", () => {
  assert.match(refusal(["serve"], { TURNWIRE_PORT: "abc" }), 'TURNWIRE_PORT is "abc": it must');
  assert.match(refusal(["serve"], { TURNWIRE_INSECURE: "perhaps" }), "TURNWIRE_INSECURE");
});

test("both ports may be 0, but otherwise they must differ", () => {
  assert.is(serve(["--port", "0", "--http-port", "0"]).port, 0);
  assert.match(refusal(["serve", "--port", "8000", "--http-port", "8000"]), "--port and --http-port are both 8000");
});

test("a server that other machines can reach asks for a token unless --insecure says that none is wanted", () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.20", "box.lan", "[::]"]) {
    assert.is(serve(["--host", host]).noToken, false);
    const sentence = refusal(["serve", "--host", host, "--no-token"]);
    assert.match(sentence, `--no-token with --host`);
    assert.match(sentence, "--insecure");
    assert.match(refusal(["serve", "--host", host], { TURNWIRE_NO_TOKEN: "1" }), "--insecure");
    assert.equal(serve(["--host", host], { TURNWIRE_TOKEN: token }).warnings, []);
    for (const insecure of [serve(["--host", host, "--insecure"]), serve(["--host", host], { TURNWIRE_INSECURE: "1" })])
      assert.equal([insecure.noToken, insecure.warnings.length], [true, 1]);
  }
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]) {
    const { noToken, warnings } = serve(["--host", host, "--no-token"]);
    assert.equal([noToken, warnings], [true, []]);
  }
});

test("--no-token beside a token contradicts itself, and --allow-origin needs a token", () => {
  assert.match(refusal(["serve", "--no-token"], { TURNWIRE_TOKEN: token }), "--no-token and TURNWIRE_TOKEN are both");
  const origin = ["--allow-origin", "https://chat.example"];
  for (const flag of ["--no-token", "--insecure"]) {
    const sentence = refusal(["serve", flag, ...origin]);
    assert.match(sentence, "--allow-origin https://chat.example without a token");
    assert.match(sentence, `leave out ${flag}.`);
  }
  assert.is(serve(origin).noToken, false, "it makes one for itself");
});

test("a secret may stand in a file, without the line break at its end", () => {
  const file = join(mkdtempSync(join(tmpdir(), "turnwire-secret-")), "token");
  writeFileSync(file, `${token}\n`);
  assert.is(serve([], { TURNWIRE_TOKEN_FILE: file }).token, token);
  const endpoint = { TURNWIRE_BASE_URL: "http://127.0.0.1:1/v1", TURNWIRE_MODEL: "m", TURNWIRE_API_KEY_FILE: file };
  assert.is(serve([], endpoint).endpoint?.apiKey, token);
  assert.match(refusal(["serve"], { TURNWIRE_TOKEN_FILE: file, TURNWIRE_TOKEN: token }), "both set: unset one");
  assert.match(
    refusal(["serve"], { TURNWIRE_TOKEN_FILE: `${file}x` }),
    /TURNWIRE_TOKEN_FILE is ".*x", which cannot be/,
  );
  writeFileSync(file, "");
  assert.match(refusal(["serve"], { TURNWIRE_TOKEN_FILE: file }), "TURNWIRE_TOKEN is empty");
});

test("an IPv6 address is given in the form that node:net accepts", () => {
  assert.is(serve(["--host", "[::1]"]).host, "::1");
  assert.is(serve(["--host", "FE80::1", "--insecure"]).host, "fe80::1");
});

test("a token is used unchanged; an empty one is refused, and a short one causes a warning", () => {
  assert.is(serve([], { TURNWIRE_TOKEN: token }).token, token);
  assert.match(serve([], { TURNWIRE_TOKEN: "short" }).warnings.join(), "fewer than 16");
  assert.match(refusal(["serve"], { TURNWIRE_TOKEN: "" }), "TURNWIRE_TOKEN is empty: it must");
});

test("an error about a secret does not contain the secret", () => {
  for (const secret of ["with space", "naïve-token", "line\nbreak", "x".repeat(5000)]) {
    for (const variable of ["TURNWIRE_TOKEN", "TURNWIRE_API_KEY"]) {
      const sentence = refusal(["serve"], { [variable]: secret, TURNWIRE_BASE_URL: "http://x", TURNWIRE_MODEL: "m" });
      assert.match(sentence, variable);
      assert.not.match(sentence, secret.slice(0, 9));
    }
  }
  const sentence = refusal(["serve"], { TURNWIRE_BASE_URL: "https://user:password@host/v1" });
  assert.not.match(sentence, "password");
});

test("the data directory depends on XDG_DATA_HOME, HOME or the flag", () => {
  assert.is(serve([], { XDG_DATA_HOME: "/xdg" }).dataDir, "/xdg/turnwire");
  assert.is(serve([], { XDG_DATA_HOME: "relative" }).dataDir, "/home/someone/.local/share/turnwire");
  assert.is(serve([], { HOME: "" }).dataDir, join(homedir(), ".local/share/turnwire"));
  assert.is(serve(["--data-dir", "some/where"]).dataDir, resolve("some/where"));
  assert.is(serve(["--data-dir=~/data"]).dataDir, "/home/someone/data");
  assert.is(serve(["--data-dir=~"]).dataDir, "/home/someone");
});

test("a tools file that does not exist is refused", () => {
  assert.match(
    refusal(["serve", "--tools", "/no/such/file.mjs"]),
    '--tools is "/no/such/file.mjs": there is no such file',
  );
  assert.match(refusal(["serve", "--tools", tmpdir()]), "there is no such file");
});

test("all settings of the model endpoint are read", () => {
  const environment = { TURNWIRE_BASE_URL: "http://127.0.0.1:11434/v1", TURNWIRE_MODEL: "qwen3:8b, org/other" };
  assert.equal(serve([], environment).endpoint, {
    baseUrl: "http://127.0.0.1:11434/v1",
    apiKey: undefined,
    models: ["qwen3:8b", "org/other"],
  });
  assert.is(serve([], { ...environment, TURNWIRE_API_KEY: "sk-1" }).endpoint?.apiKey, "sk-1");
  const onlyDefault = serve(["--model", "openai/x"], { TURNWIRE_BASE_URL: "https://api.example/v1" });
  assert.equal(onlyDefault.endpoint?.models, []);
});

test("an incomplete endpoint is refused with the missing setting", () => {
  assert.match(refusal(["serve"], { TURNWIRE_BASE_URL: "http://x/v1" }), "TURNWIRE_MODEL is not");
  assert.match(refusal(["serve"], { TURNWIRE_MODEL: "m" }), "TURNWIRE_BASE_URL is not");
  assert.match(refusal(["serve"], { TURNWIRE_API_KEY: "k" }), "unset TURNWIRE_API_KEY");
  assert.match(refusal(["serve"], { TURNWIRE_BASE_URL: "ftp://x", TURNWIRE_MODEL: "m" }), "http or https URL");
  assert.match(refusal(["serve"], { TURNWIRE_BASE_URL: "localhost", TURNWIRE_MODEL: "m" }), "http or https URL");
  assert.match(refusal(["serve"], { TURNWIRE_BASE_URL: "http://x", TURNWIRE_MODEL: "a,,b" }), "separated by commas");
});

test.run();
