// A start without any access flag: nobody without the token that it makes gets more than the page and the probes.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, refusedUpgrade } from "../support/client.ts";
import { runCommand, ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask } from "../support/system-http.ts";
import { untilSealed } from "../support/system-turns.ts";

const test = suite("a start without any access flag");

const tokenIn = (server: ServerProcess): string => /#token=([\w-]+) /.exec(server.stdout)?.[1] ?? "";

test("it prints a link with the token that it has made, and the same one after a restart", async () => {
  const dataDir = join(temporaryDirectory(), "new");
  const tokens: string[] = [];
  for (const round of [1, 2]) {
    await using server = await ServerProcess.start({ dataDir, makesToken: true });
    const [, where = ""] = server.stdout.split("\n");
    assert.match(where, new RegExp(`^Open ${server.httpUrl}/#token=[\\w-]{43} in a browser\\.$`), `start ${round}`);
    tokens.push(tokenIn(server));
    assert.not.match(server.stderr, tokenIn(server), "never in the log");
    await server.stop();
  }
  assert.is(tokens[0], tokens[1]);
  assert.is(readFileSync(join(dataDir, "token"), "utf8").trim(), tokens[0]);
});

test("without it there is nothing but the page's files and the probes", async () => {
  await using server = await ServerProcess.start({ makesToken: true });
  for (const [method, path] of [
    ["GET", "/models"],
    ["GET", "/conversations"],
    ["GET", "/conversations/a"],
    ["DELETE", "/conversations/a/queue/b"],
    ["POST", "/chat"],
    ["POST", "/ticket"],
    ["GET", "/metrics"],
    ["GET", "/connections/a/why"],
    ["PUT", "/conversations/a/title"],
    ["GET", "/no-such-route"],
  ] as const)
    assert.is((await ask(server, path, { method })).status, 401, `${method} ${path}`);
  for (const path of ["/", "/main.js", "/healthz", "/readyz"]) assert.is((await ask(server, path)).status, 200, path);
  const doors = [server.wsUrl, server.httpUrl.replace("http:", "ws:")];
  for (const door of doors) assert.is((await refusedUpgrade(door)).status, 401);
  const headers = { authorization: `Bearer ${tokenIn(server)}` };
  for (const [at, door] of doors.entries()) {
    using client = await connect(door, { headers });
    client.send({ type: "chat.send", conversationId: `c${at}`, message: "hello" });
    assert.is((await untilSealed(client, `c${at}`)).reason, "stop");
  }
  assert.is((await ask(server, "/metrics", { headers })).status, 200);
});

test("our own command finds the token in the data directory", async () => {
  const dataDir = temporaryDirectory();
  await using server = await ServerProcess.start({ dataDir, makesToken: true });
  const { port } = new URL(server.httpUrl);
  const why = ["why", "conversation", "c1", "--http-port", port];
  const { code, stdout } = await runCommand([...why, "--data-dir", dataDir]);
  assert.equal([code, /"states"/.test(stdout)], [0, true], stdout);
  const elsewhere = await runCommand([...why, "--data-dir", temporaryDirectory()]);
  assert.match(elsewhere.stderr, "401");
});

test("without a token a request through a proxy is refused, and the remedy is named", async () => {
  await using server = await ServerProcess.start();
  const headers = { "x-forwarded-for": "192.0.2.7" };
  const answer = await ask(server, "/conversations", { headers });
  assert.equal([answer.status, /without --no-token/.test(answer.text)], [403, true]);
  assert.is((await refusedUpgrade(server.wsUrl, { headers })).status, 403);
  assert.is((await ask(server, "/conversations")).status, 200);
});

test("a tool does not see the secrets in its environment", async () => {
  const directory = mkdtempSync(join(temporaryDirectory(), "tools-"));
  const tools = join(directory, "tools.mjs");
  const names = ["TURNWIRE_TOKEN", "TURNWIRE_API_KEY", "TURNWIRE_BASE_URL", "MY_KEY"];
  // It looks when it is loaded and when it runs.
  writeFileSync(
    tools,
    `const seen = () => ${JSON.stringify(names)}.filter((name) => process.env[name] !== undefined).join();
     const atStart = seen();
     export default [{ name: "clock", description: "Looks", inputSchema: { type: "object" },
       run: () => "at the start: [" + atStart + "], now: [" + seen() + "]" }];`,
  );
  const models = join(directory, "models.json");
  const provider = { baseUrl: "http://127.0.0.1:1/v1", apiKeyEnv: "MY_KEY", models: [{ name: "m" }] };
  writeFileSync(models, JSON.stringify({ providers: { mine: provider } }));
  const secrets = { TURNWIRE_TOKEN: "sixteen-characters", TURNWIRE_API_KEY: "key", MY_KEY: "key" };
  const environment = { ...secrets, TURNWIRE_BASE_URL: "http://127.0.0.1:1/v1", TURNWIRE_MODEL: "m" };
  const flags = ["--tools", tools, "--models", models, "--model", "demo/tools"];
  await using server = await ServerProcess.start({ environment, flags });
  const headers = { authorization: "Bearer sixteen-characters" };
  const { text } = await ask(server, "/chat", { method: "POST", headers, body: { message: "1 + 1" } });
  assert.match(text, "at the start: [], now: []");
});

test.run();
