// Whether and when to come back after a lost socket (protocol 2). Pure.

const firstDelayMs = 500;
/** Longer would leave a reader waiting beside a healthy server; shorter would keep knocking at a dead one. */
const delayMaxMs = 20_000;

/**
 * Exponential, with half of it left to chance so that a thousand pages do not return in one moment.
 * @param {number} attempt
 * @param {number} random 0 to 1
 */
export function reconnectDelayMs(attempt, random) {
  const ceiling = Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/**
 * Codes from 4500 on mean: do not come back.
 * @param {number} code
 */
export const comesBack = (code) => code < 4500 || code > 4999;
