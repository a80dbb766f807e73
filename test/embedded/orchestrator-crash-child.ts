// The child process that the crash test kills: an orchestrator on a data directory. It starts a turn that streams
// without end, and writes each delta to stdout as soon as its listener gets it.
import { writeSync } from "node:fs";
import { createActor, createMachine } from "xstate";
import { createEmbeddedOrchestrator } from "../../src/embedded/orchestrator.ts";
import { openSqliteStore } from "../../src/embedded/sqlite-store.ts";
import { limits } from "../../src/limits.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { ActorRegistry } from "../../src/runtime/actor-registry.ts";
import { agentOf } from "../support/orchestrator-fixture.ts";
import { systemClock } from "../support/system-clock.ts";

const [dataDir = ""] = process.argv.slice(2);
const store = openSqliteStore({ dataDir, clock: systemClock, logger: silentLogger, limits, durability: "normal" });
const parent = createActor(createMachine({}), { clock: systemClock });
parent.start();

const counting = agentOf(async function* () {
  const ids = { stepId: "s1", toolCallId: "t1", toolName: "clock" };
  yield { type: "tool-call", ...ids, input: {} };
  yield { type: "tool-result", ...ids, content: "noon", isError: false };
  yield { type: "step-complete", stepId: "s1" };
  for (let count = 0; ; count++) {
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5));
    yield { type: "text-delta", delta: `${count} 🙂 ` };
  }
});

const { orchestrator } = createEmbeddedOrchestrator({
  host: { parent, registry: new ActorRegistry(systemClock), isDraining: () => false, supervise: () => {} },
  store,
  agents: [counting],
  tools: [],
  defaultModel: "test/m",
  clock: systemClock,
  logger: silentLogger,
  limits,
});
orchestrator.subscribe("c", (event) => {
  if (event.type === "text-delta") writeSync(1, `${Date.now()} ${event.delta}\n`);
});
orchestrator.startTurn({ conversationId: "c", text: "count" });
orchestrator.enqueue({ conversationId: "c", text: "and then" });
