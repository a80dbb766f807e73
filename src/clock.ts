// Time as the rest of the house sees it: one interface, so that a test can hold it still and let it go on. Nothing else
// in src/ may call Date.now, performance.now, setTimeout, setInterval or setImmediate.

export type Timer = unknown;

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch; may jump. For what people and files see. */
  wall(): number;
  /** Monotonic milliseconds from an arbitrary start. For deadlines and durations. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
  /** Runs in the next turn of the event loop, after pending input. */
  defer(run: () => void): void;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  now: () => performance.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  defer: (run) => {
    setImmediate(run);
  },
};

/** A promise that resolves after delayMs, or at once when the signal is aborted (never rejects). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.setTimeout(wake, delayMs);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
