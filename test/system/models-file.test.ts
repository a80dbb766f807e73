// Many providers from a models file, on the real command: what is listed, sent and said, and a change while turns run.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../support/client.ts";
import { eventually } from "../support/deadline.ts";
import { answer, type OpenAiEndpoint, openAiEndpoint, refuse } from "../support/openai-endpoint.ts";
import { runCommand, ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/store-place.ts";
import { ask } from "../support/system-http.ts";
import { untilSealed } from "../support/system-turns.ts";

const test = suite("a models file");
const path = join(temporaryDirectory(), "models.json");
const environment = { HOSTED_KEY: "sk-from-the-environment" };

let local: OpenAiEndpoint;
let hosted: OpenAiEndpoint;

const fileWith = (large: object) => ({
  default: "hosted/large",
  providers: {
    local: { baseUrl: local.baseUrl, models: "discover" },
    hosted: {
      ...{ baseUrl: hosted.baseUrl, apiKeyEnv: "HOSTED_KEY", headers: { "X-Title": "turnwire" } },
      models: [{ name: "large", ...large }, { name: "plain" }],
    },
  },
});
const write = (value: object): void => writeFileSync(path, JSON.stringify(value));

test.before(async () => {
  [local, hosted] = [await openAiEndpoint(), await openAiEndpoint()];
  local.lists("qwen3:8b", "nomic-embed-text");
});

test.after(async () => {
  await local.close();
  await hosted.close();
});

/** One turn. @returns what was said. */
async function say(server: ServerProcess, conversationId: string, message: string, model?: string): Promise<string> {
  using client = await connect(server.wsUrl);
  client.send({ type: "chat.send", conversationId, message, ...(model !== undefined && { model }) });
  return (await untilSealed(client, conversationId)).text;
}

async function firstModel(server: ServerProcess): Promise<unknown> {
  const { models } = (await ask(server, "/models")).json as { models: unknown[] };
  return models[0];
}

test("models are listed, each is asked at its endpoint, with its settings", async () => {
  write(
    fileWith({
      contextWindow: 9_000,
      vision: false,
      instructions: "Be brief.",
      parameters: { temperature: 0.2 },
      tools: false,
      extraBody: { top_k: 7 },
    }),
  );
  const server = await ServerProcess.start({ environment, flags: ["--models", path] });
  const listed = await ask(server, "/models");
  assert.equal(listed.json, {
    models: ["hosted/large", "local/qwen3:8b", "hosted/plain", "demo/echo", "demo/tools", "demo/script"],
    modelInfo: { "hosted/large": { contextWindow: 9_000, vision: false } },
  });
  hosted.reply(answer("from ", "afar"));
  assert.is(await say(server, "a", "hello"), "from afar");
  const { headers, body } = await hosted.request(hosted.requests.length - 1);
  assert.equal([headers.authorization, headers["x-title"]], [`Bearer ${environment.HOSTED_KEY}`, "turnwire"]);
  assert.equal([body.model, body["temperature"], body["top_k"], body.tools], ["large", 0.2, 7, undefined]);
  assert.equal(body.messages, [
    { role: "system", content: "Be brief." },
    { role: "user", content: "hello" },
  ]);
  assert.is(await say(server, "b", "hello", "local/qwen3:8b"), "Hello.");
  assert.equal(
    local.requests.map(({ body: { model, tools } }) => [model, tools?.length]),
    [["qwen3:8b", 2]],
  );
  assert.match(server.stdout, /Models: those of the models file; turnwire models lists and tries them\./);
  await server.stop();
});

test("SIGHUP reads it again: a running turn keeps its model, a broken file changes nothing", async () => {
  write(fileWith({}));
  const server = await ServerProcess.start({ environment, flags: ["--models", path] });
  using client = await connect(server.wsUrl);
  hosted.reply({ stream: [{ text: "slowly " }, { delayMs: 1_500 }, { text: "done" }, { finish: "stop" }] });
  client.send({ type: "chat.send", conversationId: "runs", message: "hello" });
  await client.nextEvent("runs", "text-delta");
  write({ default: "local/qwen3:8b", providers: { local: { baseUrl: local.baseUrl, models: "discover" } } });
  server.signal("SIGHUP");
  await server.logged("models: the file was read again");
  assert.is((await untilSealed(client, "runs")).text, "slowly done");
  assert.is(await firstModel(server), "local/qwen3:8b");
  assert.is(await say(server, "next", "hello"), "Hello.");
  writeFileSync(path, '{"providers": {');
  server.signal("SIGHUP");
  const line = await server.logged("models: the file cannot be used, and the models stay as they were");
  assert.match(String(line["reason"]), /models\.json is not usable: it is not JSON/);
  assert.is(await say(server, "then", "hello"), "Hello.");
  await server.stop();
});

test("turnwire models lists and tries them, and says what is wrong; a mistake is one sentence", async () => {
  write(fileWith({}));
  hosted.reply(refuse(401, { message: "Incorrect API key provided" }));
  const { code, stdout } = await runCommand(["models", "--models", path], { environment });
  const lines = stdout
    .replaceAll(/\d+\.\d s/g, "TIME")
    .trim()
    .split("\n");
  assert.equal(lines, [
    "local/qwen3:8b: answers after TIME",
    "hosted/large (default): The model endpoint answered 401: Incorrect API key provided (Check the API key.)",
    "hosted/plain: answers after TIME",
  ]);
  assert.is(code, 1);
  const unset = await runCommand(["models", "--models", path]);
  assert.match(unset.stderr, /^turnwire: The models file .* names HOSTED_KEY, which is not set: set it, .*\n$/);
  assert.is(unset.code, 2);
});

test("an endpoint that is down does not keep the server from starting; its models come when it is back", async () => {
  const gone = await openAiEndpoint();
  await gone.close();
  write({ providers: { gone: { baseUrl: gone.baseUrl, models: "discover" } } });
  const server = await ServerProcess.start({ flags: ["--models", path] });
  await eventually(() => server.log.some(({ msg }) => /could not be listed: .*ECONNREFUSED/.test(msg)), "a warning");
  assert.is(await firstModel(server), "demo/echo");
  await server.stop();
});

test.run();
