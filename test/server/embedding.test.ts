// The server started by an embedder's code, with its own agent, tool and surface beside the built-in ones.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Agent, SurfaceProvider, Tool } from "../../src/turnwire.ts";
import { ConfigError, serveConfig, startServer } from "../../src/turnwire.ts";
import { connect } from "../support/client.ts";

const test = suite("process: embedding");

const agent: Agent = {
  provider: "mine",
  models: () => [{ name: "shout" }],
  async *run({ messages, tools }) {
    const [last] = messages.slice(-1);
    for (const chunk of last?.chunks ?? [])
      if (chunk.type === "text") yield { type: "text-delta", delta: chunk.text.toUpperCase() };
    yield { type: "text-delta", delta: ` (${tools.map(({ name }) => name).join(", ")})` };
    return { reason: "stop" };
  },
};

const tool: Tool = { name: "dice", description: "a die", inputSchema: { type: "object" }, run: () => 4 };

const surface: SurfaceProvider = {
  catalogEntry: { id: "weather", region: "status", title: "Weather" },
  getSpec: () => ({ id: "weather", region: "status", title: "Weather", fields: [] }),
  invoke: () => {},
};

test("a call without a config is refused with a hint where to get one", async () => {
  const refusal = await startServer({} as Parameters<typeof startServer>[0]).catch((error: unknown) => error);
  assert.instance(refusal, ConfigError);
  assert.match(String(refusal), /needs options\.config: make one with serveConfig/);
});

test("an embedder's agent answers by default and knows the tools, and its surface is in the catalog", async () => {
  const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
  const server = await startServer({ config, agents: [agent], tools: [tool], surfaces: [surface] });
  try {
    const client = await connect(server.wsUrl);
    const catalog = await client.next("catalog");
    assert.match(JSON.stringify(catalog["catalog"]), /"weather"/);
    client.send({ type: "subscribe", surfaceId: "weather" });
    await client.next("surface");
    client.send({ type: "chat.send", conversationId: "c", message: "hello" });
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "HELLO (clock, calculator, dice)");
    await client.close();
  } finally {
    await server.stop();
  }
});

test("flags that start no server, and invalid flags, are refused", () => {
  for (const flag of ["--help", "--version", "--nonsense", "--port=x"])
    assert.throws(
      () => serveConfig([flag]),
      (error: unknown) => error instanceof ConfigError,
      flag,
    );
  const { port, token } = serveConfig(["--port", "1"], { TURNWIRE_PORT: "2", TURNWIRE_TOKEN: "sixteen-characters" });
  assert.equal([port, token], [1, "sixteen-characters"]);
});

test.run();
