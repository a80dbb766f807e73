// Runs something that is asked for far more often than it is worth doing.

/** @import { Timers } from "./clock.js" */

/**
 * @param {Timers} clock
 * @param {number} everyMs
 * @param {() => void} run
 */
export function createThrottle(clock, everyMs, run) {
  /** @type {unknown} */
  let timer;
  function now() {
    clock.clearTimeout(timer);
    timer = undefined;
    run();
  }
  return {
    now,
    soon() {
      timer ??= clock.setTimeout(now, everyMs);
    },
  };
}
