// One clock for all processes of a run, on any runtime. The monotonic clocks of different runtimes start at different
// times. Each process therefore aligns its own clock with the wall clock once, at the moment when a new millisecond
// begins.

const looks = 3;

function offsetUs(): number {
  let best = Number.NEGATIVE_INFINITY;
  // The first call of a clock is slow.
  performance.now();
  for (let look = 0; look < looks; look++) {
    const start = Date.now();
    let now = start;
    while (now === start) now = Date.now();
    // An interruption between the start of the millisecond and this line makes the offset too small, so the largest of
    // several offsets is the most exact.
    best = Math.max(best, now * 1_000 - performance.now() * 1_000);
  }
  return best;
}

const offset = offsetUs();

/**
 * Microseconds of the wall clock, set once at the process start and advancing monotonically. Comparable between
 * processes.
 */
export const monotonicUs = (): number => performance.now() * 1_000 + offset;
