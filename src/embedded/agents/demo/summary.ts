// What the demo models say when they are asked to sum a conversation up: who said how much, and how it began. At once,
// and the same every time.
import type { AgentRun } from "../../../ports/agent.ts";
import type { Step } from "../step-loop.ts";
import { lastUserText, stepEnd, wordsOf } from "./speech.ts";

const openingWords = 12;

export function summaryStep(run: AgentRun): Step {
  // The instruction comes first, then a blank line and the conversation.
  const [, ...conversation] = lastUserText(run.messages).split("\n\n");
  const words = wordsOf(conversation.join("\n\n"));
  const opening = words.slice(0, openingWords).join("").trim();
  const delta = `A demo model sums up nothing; it was given ${words.length} words, beginning: ${opening}`;
  return async function* ({ stepId, messages }) {
    yield { type: "text-delta", delta };
    yield* stepEnd(stepId, messages, wordsOf(delta).length);
  };
}
