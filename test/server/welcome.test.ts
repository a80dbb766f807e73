// What a person reads after the start: where to open it, and whether the models are real.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { unknownVariables } from "../../src/server/config/unknown-variables.ts";
import { serveConfig } from "../../src/server/config.ts";
import { addressLine, modelsLine } from "../../src/server/welcome.ts";
import { systemClock } from "../support/system-clock.ts";

const test = suite("process: welcome");

/** The line when this answers where an Ollama would. */
async function lineWith(body: string | undefined): Promise<string> {
  const server = createServer((_, response) => void (body === undefined ? response.destroy() : response.end(body)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const line = await modelsLine(serveConfig([]), systemClock, `http://127.0.0.1:${port}/v1`);
  server.closeAllConnections();
  server.close();
  return line.replaceAll(String(port), "PORT");
}

test("a token that the server has made stands in the link, where no browser sends it", () => {
  const httpUrl = "http://127.0.0.1:24203";
  assert.is(addressLine({ httpUrl, madeToken: undefined }), `Open ${httpUrl}/ in a browser.`);
  assert.is(addressLine({ httpUrl, madeToken: "abc" }), `Open ${httpUrl}/#token=abc in a browser.`);
});

test("without an endpoint it says that there are only demos, and how to get a real model", async () => {
  const how =
    "Models: only demos. For a real one, name an OpenAI-compatible endpoint: " +
    "TURNWIRE_BASE_URL=http://127.0.0.1:11434/v1 TURNWIRE_MODEL=qwen3:8b npm start";
  for (const body of [undefined, "<html>", '{"data": []}', '{"data": [{"id": "$(rm -rf /)"}]}'])
    assert.is(await lineWith(body), how, String(body));
});

test("an Ollama on this machine is named with a model that it has", async () => {
  const models = await lineWith('{"data": [{"id": "llama3.2:3b"}, {"id": "other"}]}');
  const how = "TURNWIRE_BASE_URL=http://127.0.0.1:PORT/v1 TURNWIRE_MODEL=llama3.2:3b npm start";
  assert.is(models, `Models: only demos. An Ollama answers here: ${how}`);
});

test("with an endpoint it names the models and the host, and no secret of its address", async () => {
  const environment = { TURNWIRE_BASE_URL: "https://api.example/v1?key=secret", TURNWIRE_MODEL: "large,small" };
  const models = await modelsLine(serveConfig([], environment), systemClock);
  assert.is(models, "Models: openai/large, openai/small at api.example.");
});

test("a variable that begins like ours and is none is named, with the one that was meant", () => {
  const known = ["TURNWIRE_MODEL", "TURNWIRE_TOKEN", "TURNWIRE_PORT"];
  assert.equal(unknownVariables(["TURNWIRE_MODEL", "HOME"], known), []);
  assert.equal(unknownVariables(["TURNWIRE_MODLE", "TURNWIRE_SERVICE_PORT_HTTP"], known), [
    "TURNWIRE_MODLE is set, and turnwire knows no such variable: did you mean TURNWIRE_MODEL?",
    "TURNWIRE_SERVICE_PORT_HTTP is set, and turnwire knows no such variable: turnwire --help lists all variables.",
  ]);
  assert.match(serveConfig([], { TURNWIRE_TOKN: "x" }).warnings.join(), /TURNWIRE_TOKN is set.*TURNWIRE_TOKEN\?/);
});

test.run();
