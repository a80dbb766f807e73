// demo/tools: really calls the clock and the calculator, then answers with their results. The expression to calculate
// is taken from the prompt.
import type { AgentMessage, AgentRun } from "../../../ports/agent.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Step } from "../step-loop.ts";
import { lastUserText, stepEnd, wordCount, writeSlowly } from "./speech.ts";

const expressionWithoutPrompt = "6 * 7";
/** Only the beginning is searched: the patterns take quadratic time on long runs of spaces or dots. */
const searchedCharactersMax = 2_000;
/** A run of characters that can be part of an expression. */
const arithmetic = /[-+*/%^().\d\s]+/g;

/** The longest part of the text that has an operator between two operands. */
export function expressionIn(text: string): string {
  let longest = "";
  for (const [match] of text.slice(0, searchedCharactersMax).matchAll(arithmetic)) {
    // Without white space and the full stop of a sentence.
    const expression = match.trim().replace(/[.\s]+$/, "");
    if (/[\d)]\s*[-+*/%^]\s*-?[\d(.]/.test(expression) && expression.length > longest.length) longest = expression;
  }
  return longest === "" ? expressionWithoutPrompt : longest;
}

export function toolsStep(run: AgentRun, clock: Clock): Step {
  const expression = expressionIn(lastUserText(run.messages));
  const promptCount = run.messages.length;
  return async function* ({ stepId, index, messages, toolCallId }) {
    if (index === 0) {
      yield { type: "reasoning-delta", delta: "I will ask the clock and the calculator." };
      const call = { type: "tool-call", stepId } as const;
      yield { ...call, toolCallId: toolCallId(), toolName: "clock", input: {} };
      yield { ...call, toolCallId: toolCallId(), toolName: "calculator", input: { expression } };
      yield* stepEnd(stepId, messages, 2);
      return;
    }
    const answer = answerFrom(expression, messages.slice(promptCount));
    yield* writeSlowly(answer, clock, run.signal);
    yield* stepEnd(stepId, messages, wordCount(answer));
  };
}

/** One sentence for each result and for each text that was queued meanwhile. */
function answerFrom(expression: string, added: AgentMessage[]): string {
  const sentences = added.flatMap(({ role, chunks }) =>
    chunks.flatMap((chunk) => {
      if (role === "user" && chunk.type === "text") return [`You also said: ${chunk.text}`];
      if (chunk.type !== "tool-result") return [];
      if (chunk.isError) return [`The ${chunk.toolName} could not help: ${chunk.content}`];
      return [chunk.toolName === "clock" ? `It is ${chunk.content}.` : `${expression} = ${chunk.content}.`];
    }),
  );
  return sentences.join(" ");
}
