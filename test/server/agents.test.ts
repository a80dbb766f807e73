// The agents and tools of a server process, and its default model.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limits } from "../../src/limits.ts";
import type { Agent, Tool } from "../../src/ports/agent.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { createTools, readAgents } from "../../src/server/agents.ts";
import { type Config, ConfigError, readConfig } from "../../src/server/config.ts";
import { systemClock } from "../support/system-clock.ts";

const test = suite("process: agents");

function configOf(flags: string[] = [], environment: Record<string, string> = {}): Config {
  const command = readConfig(["serve", ...flags], { HOME: "/nowhere", ...environment });
  if (command.kind !== "serve") throw new Error("no configuration");
  return command.config;
}

const endpoint = { TURNWIRE_BASE_URL: "http://127.0.0.1:1/v1", TURNWIRE_MODEL: "small,large" };

const own: Agent = {
  provider: "mine",
  models: () => [{ name: "one" }],
  // biome-ignore lint/correctness/useYield: it is never run here
  async *run() {
    return { reason: "stop" as const };
  },
};

async function modelOf(flags: string[], environment = {}, agents: Agent[] = []): Promise<string> {
  const config = configOf(flags, environment);
  return (await readAgents(config, agents, systemClock, silentLogger, limits)).defaultModel;
}

test("without configuration the default model is the demo's", async () => {
  assert.is(await modelOf([]), "demo/echo");
});

test("the default model is the endpoint's first, else the embedder's, else the demo's", async () => {
  assert.is(await modelOf([], endpoint), "openai/small");
  assert.is(await modelOf([], endpoint, [own]), "openai/small");
  assert.is(await modelOf([], {}, [own]), "mine/one");
});

test("--model takes precedence, even with a name that only its endpoint knows", async () => {
  assert.is(await modelOf(["--model", "demo/tools"], endpoint), "demo/tools");
  assert.is(await modelOf(["--model", "mine/one"], endpoint, [own]), "mine/one");
  assert.is(await modelOf(["--model", "openai/org/other"], endpoint), "openai/org/other");
});

test("an unknown --model is refused with one sentence that lists the known models", async () => {
  for (const model of ["demo/none", "nobody/one", "mine/two"]) {
    try {
      await modelOf(["--model", model], endpoint, [own]);
      assert.unreachable(`${model} was accepted`);
    } catch (error) {
      assert.instance(error, ConfigError);
      const known = "openai/small, openai/large, mine/one, demo/echo, demo/tools, demo/script";
      assert.is(
        error instanceof Error && error.message,
        `--model is "${model}", which is not known here: give one of ${known}.`,
      );
    }
  }
});

test("an embedder's tool replaces a built-in tool of the same name", async () => {
  const clock: Tool = { name: "clock", description: "mine", inputSchema: { type: "object" }, run: () => "noon" };
  const tools = await createTools(configOf(), [clock], systemClock);
  assert.equal(
    tools.map(({ name, description }) => [name, description === "mine"]),
    [
      ["calculator", false],
      ["clock", true],
    ],
  );
});

test("a tools file without a tool offers none, apart from an embedder's", async () => {
  const toolsFile = join(mkdtempSync(join(tmpdir(), "turnwire-tools-")), "none.mjs");
  writeFileSync(toolsFile, "export default [];");
  assert.equal(await createTools({ ...configOf(), toolsFile }, [], systemClock), []);
});

test.run();
