// What makes a call of foreign code safe: an error becomes a sentence, a rejected promise ends nothing.

/** A longer text would fill the wire and the log. */
const charactersMax = 2_000;

/** What went wrong, for a person; never a stack. Anything may be thrown, also what cannot be turned into words. */
export function errorMessage(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error).slice(0, charactersMax);
  } catch {
    return "it failed without saying why";
  }
}

/** A port's synchronous call may answer a promise all the same: its rejection must not end the process. */
export function ignoreRejection<Answer>(answer: Answer): Answer {
  if (answer instanceof Promise) answer.catch(() => {});
  return answer;
}
