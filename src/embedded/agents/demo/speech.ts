// What the demo models share: reading the prompt, counting words, pausing between them.
import type { AgentMessage } from "../../../ports/agent.ts";
import type { Usage } from "../../../protocol/turn-event.ts";
import { type Clock, sleep } from "../../../runtime/clock.ts";
import type { StepEnd } from "../step-loop.ts";

/** The pause after each word, long enough to watch the answer being written. */
export const wordDelayMs = 30;
/** The most pauses in an answer: in a longer one several words come between two pauses. */
export const wordPausesMax = 1_000;

const words = /^\s+|\S+\s*/g;

/** Each word with the white space after it; leading white space is an element too. Joined they are the text. */
export const wordsOf = (text: string): string[] => text.match(words) ?? [];

/** In a longer text, words are counted up to here and extrapolated. */
const countedCharacters = 64 * 1024;

export function wordCount(text: string): number {
  const counted = wordsOf(text.slice(0, countedCharacters)).length;
  return text.length <= countedCharacters ? counted : Math.round((counted * text.length) / countedCharacters);
}

/** The newest text that a user sent; "" when there is none. */
export function lastUserText(messages: readonly AgentMessage[]): string {
  for (const { role, chunks } of messages.toReversed()) {
    if (role !== "user") continue;
    for (const chunk of chunks.toReversed()) if (chunk.type === "text") return chunk.text;
  }
  return "";
}

export async function* writeSlowly(
  text: string,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<{ type: "text-delta"; delta: string }, void, undefined> {
  const isLong = text.length > countedCharacters;
  const wordsPerPause = isLong ? 1 : Math.ceil(wordCount(text) / wordPausesMax);
  const charactersPerPause = isLong ? text.length / wordPausesMax : 0;
  let count = 0;
  let characters = 0;
  // Lazily: splitting a long text into all its words at once would block.
  for (const [delta] of text.matchAll(words)) {
    if (count >= wordsPerPause && characters >= charactersPerPause) {
      await pause(clock, wordDelayMs, signal);
      count = 0;
      characters = 0;
    }
    count++;
    characters += delta.length;
    yield { type: "text-delta", delta };
  }
}

/** @throws the signal's reason when it is aborted before or during the pause */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(clock, delayMs, signal);
  signal.throwIfAborted();
}

/** The usage of one step, counted in words, and its step-end. */
export function* stepEnd(
  stepId: string,
  messages: readonly AgentMessage[],
  outputTokens: number,
): Generator<{ type: "usage"; stepId: string; usage: Usage } | StepEnd, void, undefined> {
  let inputTokens = 0;
  for (const { chunks } of messages) {
    for (const chunk of chunks) {
      if ("text" in chunk) inputTokens += wordCount(chunk.text);
      else if (chunk.type === "tool-result") inputTokens += wordCount(chunk.content);
    }
  }
  yield { type: "usage", stepId, usage: { inputTokens, outputTokens } };
  yield { type: "step-end", reason: "stop", contextSize: inputTokens + outputTokens };
}
