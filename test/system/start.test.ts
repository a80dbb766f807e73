// How the command starts, and how it refuses to start. On stdout it prints only the ready line, on stderr a refusal in
// one sentence. It never leaves anything half started.
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { budgets } from "../budgets.ts";
import { connect } from "../support/client.ts";
import { within } from "../support/deadline.ts";
import { runCommand, ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask } from "../support/system-http.ts";
import { playScript, scriptText, untilSealed } from "../support/system-turns.ts";

const test = suite("the command comes up, or says why not");

/** Occupies a loopback port; 0: any free one. */
async function occupy(port = 0): Promise<{ port: number; release: () => Promise<void> }> {
  const server: Server = createServer();
  // A test that fails must not keep its process open.
  server.unref();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  await within(promise, `port ${port} to be free`);
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return {
    port: address.port,
    release: () => within(new Promise((closed) => server.close(() => closed())), "the port to be released"),
  };
}

async function freePort(): Promise<number> {
  const { port, release } = await occupy();
  await release();
  return port;
}

/** The command must exit with 2, print nothing on stdout and one sentence on stderr, which is returned. */
async function refusalOf(flags: string[], environment: Record<string, string> = {}): Promise<string> {
  const argv = ["serve", "--port", "0", "--http-port", "0", "--data-dir", ":memory:", ...flags];
  const { code, stdout, stderr } = await runCommand(argv, { environment });
  assert.is(code, 2, stderr);
  assert.is(stdout, "");
  assert.match(stderr, /^turnwire: [^\n]+\n$/, "one line, without a stack trace");
  return stderr;
}

test("a start prints the ready line on stdout and two lines for people, and logs JSON on stderr", async () => {
  const dataDir = join(temporaryDirectory(), "made", "for", "it");
  const server = await ServerProcess.start({ dataDir, flags: ["--log-level", "debug"] });
  assert.match(server.stdout, /^turnwire ready ws:\/\/127\.0\.0\.1:\d+ http:\/\/127\.0\.0\.1:\d+\n/);
  assert.is.not(new URL(server.wsUrl).port, new URL(server.httpUrl).port);
  assert.ok(existsSync(join(dataDir, "turnwire.db")));
  using client = await connect(server.wsUrl);
  client.send(playScript("a", { tokens: 3 }));
  await untilSealed(client, "a");
  assert.is((await ask(server, "/healthz")).status, 200);
  await client.close();
  const { code, stdout } = await server.stop();
  assert.is(code, 0);
  const [ready, where, models, ...others] = stdout.split("\n");
  assert.is(ready, `turnwire ready ${server.wsUrl} ${server.httpUrl}`);
  assert.is(where, `Open ${server.httpUrl}/ in a browser.`);
  assert.match(String(models), /^Models: only demos\. .*TURNWIRE_BASE_URL=http\S+ TURNWIRE_MODEL=\S+ npm start$/);
  assert.equal(others, [""]);
  const messages = server.log.map(({ msg }) => msg);
  for (const message of ["transport-ws: connection open", "transport-ws: chat.send accepted", "stopping"])
    assert.is(messages.filter((candidate) => candidate === message).length, 1, message);
});

test("when the log's reader is gone, only the log is lost", async () => {
  const server = await ServerProcess.start({ flags: ["--log-level", "trace"] });
  server.closeLog();
  using client = await connect(server.wsUrl);
  client.send(playScript("a", { tokens: 3 }));
  assert.is((await untilSealed(client, "a")).text, scriptText(3));
  await server.stop();
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

(hasIpv6 ? test : test.skip)("an IPv6 address is in brackets where it is part of a URL", async () => {
  const server = await ServerProcess.start({ flags: ["--host", "::1"] });
  assert.match(server.stdout, /^turnwire ready ws:\/\/\[::1\]:\d+ http:\/\/\[::1\]:\d+\n/);
  using client = await connect(server.wsUrl);
  await client.barrier();
  assert.is((await ask(server, "/models")).status, 200);
  await server.stop();
});

test("--help and --version print on stdout and exit with 0", async () => {
  const help = await runCommand(["--help"]);
  assert.is(help.code, 0);
  assert.match(help.stdout, /Usage: turnwire serve \[flags\]/);
  const version = await runCommand(["--version"]);
  assert.is(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.is(help.stderr + version.stderr, "");
});

test("a wrong flag is refused in one sentence that names it", async () => {
  const told = await Promise.all([
    refusalOf(["--frobnicate"]),
    refusalOf(["--port", "http"]),
    refusalOf(["--drain-ms", "-1"]),
  ]);
  assert.match(told[0] ?? "", /--frobnicate/);
  assert.match(told[1] ?? "", /--port is "http": it must be a whole number/);
  assert.match(told[2] ?? "", /--drain-ms/);
  assert.match(await refusalOf([], { TURNWIRE_EVENT_PROFILE: "some" }), /TURNWIRE_EVENT_PROFILE is "some"/);
  assert.match(await refusalOf(["--host", "0.0.0.0", "--no-token"]), /--insecure/, "beyond loopback without a token");
  assert.match(await refusalOf(["--no-token", "--allow-origin", "https://chat.example"]), /--allow-origin.*token/);
});

test("either port being in use is reported; the other port and the data directory are released", async () => {
  const taken = await occupy();
  const other = await freePort();
  const dataDir = temporaryDirectory();
  const inUse = new RegExp(`127\\.0\\.0\\.1:${taken.port} is in use`);
  const both: [string, string][] = [
    ["--port", "--http-port"],
    ["--http-port", "--port"],
  ];
  for (const [takenFlag, freeFlag] of both) {
    const flags = [takenFlag, String(taken.port), freeFlag, String(other), "--data-dir", dataDir];
    assert.match(await refusalOf(flags), inUse);
    const again = await occupy(other);
    await again.release();
  }
  await taken.release();
  const server = await ServerProcess.start({ dataDir, flags: ["--port", String(taken.port)] });
  assert.is(server.wsUrl, `ws://127.0.0.1:${taken.port}`);
  await server.stop();
});

test("a path that cannot be a data directory is reported by name", async () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "no directory");
  const nowhere = join(temporaryDirectory(), "link");
  symlinkSync(join(file, "..", "not mounted"), nowhere);
  const told = await Promise.all([
    refusalOf(["--data-dir", file]),
    refusalOf(["--data-dir", join(file, "below")]),
    // mkdir's `recursive` never returned for the next two.
    refusalOf(["--data-dir", "/proc/turnwire"]),
    refusalOf(["--data-dir", join(nowhere, "below")]),
    refusalOf(["--data-dir", nowhere]),
  ]);
  for (const sentence of told) assert.match(sentence, /The data directory \/.*--data-dir/);
  assert.is(readFileSync(file, "utf8"), "no directory");
});

(process.getuid?.() === 0 ? test.skip : test)("a data directory without permissions is reported", async () => {
  const dataDir = temporaryDirectory();
  chmodSync(dataDir, 0o000);
  try {
    assert.match(await refusalOf(["--data-dir", dataDir]), /cannot be opened for writing/);
  } finally {
    chmodSync(dataDir, 0o700);
  }
});

test("a second server on one data directory is refused, and the first keeps working", async () => {
  const dataDir = temporaryDirectory();
  const first = await ServerProcess.start({ dataDir });
  assert.match(await refusalOf(["--data-dir", dataDir]), /is in use by another turnwire/);
  using client = await connect(first.wsUrl);
  client.send(playScript("a", { tokens: 3 }));
  assert.is((await untilSealed(client, "a")).reason, "stop");
  await first.stop();
  await (await ServerProcess.start({ dataDir })).stop();
});

test("a damaged database, or a file that is not a database, is reported and left as it is", async () => {
  const foreign = temporaryDirectory();
  writeFileSync(join(foreign, "turnwire.db"), "a diary, and no database at all\n".repeat(200));
  assert.match(await refusalOf(["--data-dir", foreign]), /is not a turnwire database/);
  assert.match(readFileSync(join(foreign, "turnwire.db"), "utf8"), /^a diary/);

  const damaged = temporaryDirectory();
  const server = await ServerProcess.start({ dataDir: damaged });
  using client = await connect(server.wsUrl);
  client.send(playScript("a", { tokens: 400, size: 200 }));
  await untilSealed(client, "a", 2 * budgets.awaitMs);
  await server.stop();
  const file = join(damaged, "turnwire.db");
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4_096 * 2, 4_096 * 8);
  writeFileSync(file, bytes);
  assert.match(await refusalOf(["--data-dir", damaged]), /turnwire\.db in the data directory .* is damaged/);
  assert.equal(readFileSync(file), bytes);
});

test("a tools file that is missing or invalid is reported with the reason", async () => {
  const directory = temporaryDirectory();
  const broken = join(directory, "broken.mjs");
  writeFileSync(broken, "export default [ {\n  name: 'half', \n");
  const wrong = join(directory, "wrong.mjs");
  writeFileSync(wrong, "export default [{ name: 'half' }];");
  const told = await Promise.all([
    refusalOf(["--tools", join(directory, "missing.mjs")]),
    refusalOf(["--tools", broken]),
    refusalOf(["--tools", wrong]),
  ]);
  assert.match(told[0] ?? "", /--tools is ".*missing\.mjs": there is no such file/);
  assert.match(told[1] ?? "", /broken\.mjs cannot be loaded/);
  assert.match(told[2] ?? "", /wrong\.mjs: tool 0 \("half"\): field "description" is missing/);
});

test("an endpoint that is only half configured is reported, and its key is not repeated", async () => {
  const key = "sk-secret-0123456789";
  const sentence = await refusalOf([], { TURNWIRE_API_KEY: key });
  assert.match(sentence, /TURNWIRE_API_KEY is set and TURNWIRE_BASE_URL is not/);
  assert.not.match(sentence, key);
  assert.match(await refusalOf([], { TURNWIRE_TOKEN: "" }), /TURNWIRE_TOKEN is empty/);
});

test.run();
