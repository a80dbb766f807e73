// demo/echo: streams the prompt back word by word. Its deltas, joined, are exactly the prompt.
import type { AgentRun } from "../../../ports/agent.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Step } from "../step-loop.ts";
import { lastUserText, stepEnd, wordCount, writeSlowly } from "./speech.ts";

export function echoStep(run: AgentRun, clock: Clock): Step {
  const text = lastUserText(run.messages);
  return async function* ({ stepId, messages }) {
    yield* writeSlowly(text, clock, run.signal);
    yield* stepEnd(stepId, messages, wordCount(text));
  };
}
