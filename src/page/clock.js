// The page's only source of time and chance. Everything else takes it as a parameter, so that a test can hold it still.

/**
 * @typedef {object} Clock
 * @property {() => number} wall Milliseconds since the epoch; may jump. For times that people see.
 * @property {() => number} now Monotonic milliseconds from an arbitrary start. For whatever waits or lasts.
 * @property {(run: () => void, delayMs: number) => unknown} setTimeout
 * @property {(timer: unknown) => void} clearTimeout
 * @property {(run: () => void) => void} frame Runs before the next picture is painted; not while the tab is hidden.
 * @property {() => number} random 0 (inclusive) to 1 (exclusive).
 *
 * @typedef {Pick<Clock, "setTimeout" | "clearTimeout">} Timers
 */

/** @type {Clock} */
export const clock = {
  wall: () => Date.now(),
  now: () => performance.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout(timer) {
    if (typeof timer === "number") clearTimeout(timer);
  },
  frame: (run) => requestAnimationFrame(run),
  random: () => Math.random(),
};
