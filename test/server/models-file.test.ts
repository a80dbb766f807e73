// The models file: what it may say, and that each mistake is named with its place.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ModelsFileError, readModelsFile } from "../../src/server/models-file.ts";

const test = suite("process: models file");
const path = join(mkdtempSync(join(tmpdir(), "turnwire-models-")), "models.json");

function read(value: unknown, environment: Record<string, string> = {}) {
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return readModelsFile(path, environment);
}

const local = { baseUrl: "http://127.0.0.1:11434/v1", models: "discover" };
const withModel = (model: unknown) => ({ providers: { local: { ...local, models: [model] } } });

test("providers with their models, keys from the environment, and a default", () => {
  const large = {
    ...{ name: "large", contextWindow: 131_072, vision: true, tools: false, reasoning: false, thinkTags: false },
    ...{ instructions: "Be brief.", parameters: { temperature: 0.2, stopSequences: ["END"] } },
    ...{ extraBody: { provider: { order: ["x"] } }, silenceMs: 60_000, retries: 0 },
  };
  const hosted = {
    baseUrl: "https://api.example/v1?a=b",
    apiKeyEnv: "KEY",
    headers: { "X-Title": "t" },
    models: [large],
  };
  const file = read({ default: "hosted/large", providers: { local, hosted } }, { KEY: "secret" });
  assert.equal(file, {
    defaultModel: "hosted/large",
    keyVariables: ["KEY"],
    providers: [
      { name: "local", apiKey: undefined, headers: {}, ...local },
      { name: "hosted", apiKey: "secret", baseUrl: hosted.baseUrl, headers: hosted.headers, models: [large] },
    ],
  });
});

const mistakes: [what: string, value: unknown, says: string][] = [
  ["no JSON", "{", "it is not JSON"],
  ["nothing", {}, "providers is missing"],
  ["no provider", { providers: {} }, "providers must have one at least"],
  ["an unknown field", { providers: { local }, model: 1 }, "model is not known here"],
  ["a name with a slash", { providers: { "a/b": local } }, "is no name for a provider"],
  ["the demo's name", { providers: { demo: local } }, "is the name of the demo models"],
  ["no URL", { providers: { local: { ...local, baseUrl: "ftp://x" } } }, "providers.local.baseUrl must be an http"],
  ["a missing URL", { providers: { local: { models: "discover" } } }, "providers.local.baseUrl is missing"],
  [
    "a key in the file",
    { providers: { local: { ...local, apiKey: "sk" } } },
    "providers.local.apiKey is not known here",
  ],
  ["a key that is not set", { providers: { local: { ...local, apiKeyEnv: "KEY" } } }, "KEY, which is not set: set it"],
  ["neither list nor discover", { providers: { local: { ...local, models: "all" } } }, 'must be "discover" or a list'],
  ["no model", { providers: { local: { ...local, models: [] } } }, "providers.local.models must name a model"],
  ["a model without a name", withModel({}), "providers.local.models.0.name is missing"],
  [
    "a misspelt field of a model",
    withModel({ name: "m", visoin: true }),
    "providers.local.models.0.visoin is not known",
  ],
  ["a wrong type", withModel({ name: "m", contextWindow: "8k" }), "models.0.contextWindow must be a number"],
  ["no context", withModel({ name: "m", contextWindow: 0 }), "models.0.contextWindow must be above 0"],
  ["a wrong parameter", withModel({ name: "m", parameters: { temperature: "hot" } }), "parameters.temperature must be"],
  [
    "an unknown default",
    { default: "x/y", providers: { local } },
    "default is x/y, and providers has no x: it has local",
  ],
  ["half a default", { default: "local", providers: { local } }, "default must be <provider>/<model>"],
];
for (const [what, value, says] of mistakes)
  test(`${what} is one sentence with the file and the place`, () => {
    const isIt = (error: Error): boolean =>
      error instanceof ModelsFileError && error.message.includes(says) && error.message.includes(path);
    try {
      read(value);
    } catch (error) {
      assert.ok(isIt(error as Error), String(error));
      return;
    }
    assert.unreachable(`${what} was accepted`);
  });

test("a file that is not there is named", () => {
  assert.throws(() => readModelsFile(`${path}.none`, {}), /models\.json\.none is not usable: .*ENOENT/);
});

test.run();
