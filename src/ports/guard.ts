// Makes calls of foreign code safe: an error becomes a sentence, and a rejected promise does not end the process.

/** Longer texts would fill the wire and the log. */
const charactersMax = 2_000;

/**
 * The error's message for a person, never its stack. Any value may be thrown, even one that String() cannot convert.
 */
export function errorMessage(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error).slice(0, charactersMax);
  } catch {
    return "it failed without saying why";
  }
}

/** A host's promise may be of any library. @throws what its getters throw. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

/** A synchronous port method may return a promise all the same; its rejection must not end the process. */
export function ignoreRejection<Answer>(answer: Answer): Answer {
  if (answer instanceof Promise) answer.catch(() => {});
  return answer;
}
