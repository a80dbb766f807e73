// An agent of your own: an async generator that is given the conversation and yields the events of a turn. The server
// stores, numbers and sends them; all that it needs is a name, `<provider>/<model>`.
import { setTimeout } from "node:timers/promises";
import { serveConfig, startServer } from "turnwire";

/** @type {import("turnwire").Agent} */
const shouter = {
  provider: "shouter",
  models: () => [{ name: "loud" }],
  async *run({ prompt, signal }) {
    for (const word of prompt.split(" ")) {
      // The signal is aborted when the turn is cancelled.
      await setTimeout(20, undefined, { signal });
      yield { type: "text-delta", delta: `${word.toUpperCase()}! ` };
    }
    return { reason: "stop" };
  },
};

const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
const server = await startServer({ config, agents: [shouter] });

// POST /chat answers with the events of the turn, one JSON object a line.
const response = await fetch(`${server.httpUrl}/chat`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ model: "shouter/loud", message: "is anybody there" }),
});
console.log(await response.text());
await server.stop();
