// turnwire itself: the whole server with its store on disk, plus an agent and a surface that play what the bench asks
// for.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "../../../src/ports/agent.ts";
import { type Logger, silentLogger } from "../../../src/ports/logger.ts";
import type { SurfaceProvider } from "../../../src/ports/surfaces.ts";
import { readConfig } from "../../../src/server/config.ts";
import { startServer } from "../../../src/server/server.ts";
import { answerParent, collectGarbage } from "./channel.ts";
import { Stage } from "./stage.ts";
import { benchSpec } from "./straightforward.ts";

const stage = new Stage();
const agent: Agent = {
  provider: "bench",
  models: () => [{ name: "stage" }],
  async *run({ prompt, signal }) {
    for await (const delta of stage.turn(prompt, signal)) yield { type: "text-delta", delta };
    return { reason: "stop" };
  },
};

let value = "";
let onChange = (): void => {};
const surface: SurfaceProvider = {
  catalogEntry: { id: "bench", region: "bench", title: "Bench" },
  getSpec: () => benchSpec(value),
  invoke: () => {},
  subscribe(listener) {
    onChange = listener;
    return () => {
      onChange = () => {};
    };
  },
};

/** Prints errors: a defect of turnwire must not pass as a fast answer. */
const logger: Logger = {
  ...silentLogger,
  error: (message, fields) => void process.stderr.write(`${message} ${String(fields?.["error"])}\n`),
};
const dataDir = mkdtempSync(join(tmpdir(), "turnwire-bench-"));
process.on("exit", () => rmSync(dataDir, { recursive: true, force: true }));
const flags = [
  "--no-token",
  "--port",
  "0",
  "--http-port",
  "0",
  "--data-dir",
  dataDir,
  "--model",
  "bench/stage",
  "--drain-ms",
  "0",
];
const command = readConfig(["serve", ...flags], {});
if (command.kind !== "serve") throw new Error("the measured server could not read its own configuration");
const { config } = command;
const agents = [agent];
const surfaces = [surface];
// Sending the next request right after each answer, at full speed, would exceed the usual limits.
const limits = { commandsBurst: 1_000_000_000, readsBurst: 1_000_000_000 };
const server = await startServer({ config, logger, agents, surfaces, limits });
answerParent({
  url: server.wsUrl,
  stage,
  raised: ["of turnwire's limits only how fast a socket may ask is raised (commandsBurst, readsBurst)"],
  counts: () => server.gateway.counts(),
  broadcast(workspaceId) {
    const broadcast = { type: "conversation.open", conversationId: "bench", workspaceId } as const;
    server.gateway.root.send({ type: "broadcast.made", broadcast });
  },
  change(piece) {
    value = piece;
    onChange();
  },
  collect: collectGarbage,
});
