// The demo agent: three models that need no network and always give the same answer, so that you can try the server at
// once and tests know what to expect. Must never reach outside the process.
import type { Agent, AgentRun } from "../../ports/agent.ts";
import type { Clock } from "../../runtime/clock.ts";
import { calculatorTool } from "../tools/calculator.ts";
import { createClockTool } from "../tools/clock.ts";
import { AgentError } from "./agent-error.ts";
import { echoStep } from "./demo/echo.ts";
import { scriptStep } from "./demo/script.ts";
import { summaryStep } from "./demo/summary.ts";
import { toolsStep } from "./demo/tools.ts";
import { runSteps, type Step, type StepLimits } from "./step-loop.ts";

const models = new Map<string, (run: AgentRun, clock: Clock) => Step>([
  ["echo", echoStep],
  ["tools", toolsStep],
  ["script", scriptStep],
]);

export function createDemoAgent(clock: Clock, limits: StepLimits): Agent {
  const builtIn = [createClockTool(clock), calculatorTool];
  return {
    provider: "demo",
    models: () => [...models.keys()].map((name) => ({ name })),
    async *run(run) {
      const step = models.get(run.model);
      if (!step) {
        const known = [...models.keys()].map((name) => `demo/${name}`).join(", ");
        throw new AgentError("unknown-model", `There is no model demo/${run.model}. The demo models are: ${known}.`);
      }
      if (run.purpose === "summary") return yield* runSteps(run, clock, summaryStep(run), limits);
      // Configured tools take precedence. The demo adds the two that it calls where they are missing.
      const missing = builtIn.filter(({ name }) => !run.tools.some((tool) => tool.name === name));
      const withTools = { ...run, tools: [...run.tools, ...missing] };
      return yield* runSteps(withTools, clock, step(withTools, clock), limits);
    },
  };
}
