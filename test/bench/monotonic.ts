// One clock for all processes of a run, whatever their runtime: the process's own monotonic clock, set once by the
// edge at which the wall clock shows a new millisecond. (Runtimes differ in where their monotonic clocks begin.)

const looks = 3;

function offsetUs(): number {
  let best = Number.NEGATIVE_INFINITY;
  // The first call of a clock is slow.
  performance.now();
  for (let look = 0; look < looks; look++) {
    const start = Date.now();
    let now = start;
    while (now === start) now = Date.now();
    // Who is interrupted between the edge and this line gets too small an offset: the largest of several is the best.
    best = Math.max(best, now * 1_000 - performance.now() * 1_000);
  }
  return best;
}

const offset = offsetUs();

/** Microseconds of the wall clock at the start of the process, going on monotonically: comparable between processes. */
export const monotonicUs = (): number => performance.now() * 1_000 + offset;
