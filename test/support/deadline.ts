// Deadlines for tests. A wait that times out fails with a message that names what it waited for. Must never wait
// without a deadline.
import { budgets } from "../budgets.ts";

export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** Settles like the promise, or rejects after deadlineMs; `what` completes "timed out waiting for …". */
export async function within<T>(
  promise: PromiseLike<T>,
  what: string | (() => string),
  deadlineMs: number = budgets.awaitMs,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new DeadlineError(`timed out after ${deadlineMs} ms waiting for ${typeof what === "string" ? what : what()}`),
    );
  }, deadlineMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Polls until the probe returns something other than undefined or false. For conditions without a notification, such as
 * a file that appears or memory that is released. Await a message instead of polling for it.
 */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  what: string | (() => string),
  deadlineMs: number = budgets.awaitMs,
): Promise<T> {
  const intervalMs = 10;
  const until = performance.now() + deadlineMs;
  for (;;) {
    const found = await within(Promise.resolve(probe()), what, Math.max(1, until - performance.now()));
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= until) {
      throw new DeadlineError(
        `timed out after ${deadlineMs} ms waiting for ${typeof what === "string" ? what : what()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
