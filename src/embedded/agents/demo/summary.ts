// The demo models' answer to a summary request: how many words the conversation has, and how it begins. Comes without
// pauses, and is always the same.
import type { AgentRun } from "../../../ports/agent.ts";
import type { Step } from "../step-loop.ts";
import { lastUserText, stepEnd, wordsOf } from "./speech.ts";

const openingWords = 12;

export function summaryStep(run: AgentRun): Step {
  // The prompt is the instruction, a blank line and the conversation.
  const [, ...conversation] = lastUserText(run.messages).split("\n\n");
  const words = wordsOf(conversation.join("\n\n"));
  const opening = words.slice(0, openingWords).join("").trim();
  const delta = `Demo models do not summarise. This conversation has ${words.length} words and begins: ${opening}`;
  return async function* ({ stepId, messages }) {
    yield { type: "text-delta", delta };
    yield* stepEnd(stepId, messages, wordsOf(delta).length);
  };
}
