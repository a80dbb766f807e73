// The page's only source of time. Everything else takes it as a parameter, so that a test can hold it still.

export const clock = {
  /** Milliseconds since the epoch. */
  wall: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (timer) => clearTimeout(timer),
  /** Runs before the next picture is painted; not at all while the tab is hidden. */
  frame: (run) => requestAnimationFrame(run),
};
