// Adds up token usage.
import type { Usage } from "../../protocol/turn-event.ts";

export function addUsage<Second extends Usage | undefined>(a: Usage | undefined, b: Second): Usage | Second {
  if (!a || !b) return a ?? b;
  const read = sum(a.cacheReadTokens, b.cacheReadTokens);
  const written = sum(a.cacheWriteTokens, b.cacheWriteTokens);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...(read !== undefined && { cacheReadTokens: read }),
    ...(written !== undefined && { cacheWriteTokens: written }),
  };
}

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
