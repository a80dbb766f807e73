// Asks again and again while somebody can see the page, and never while it is hidden. One question at a time: a server
// that answers slowly is asked less often.

/**
 * @import { Timers } from "/clock.js"
 *
 * @typedef {object} PullOptions
 * @property {Timers} clock
 * @property {() => boolean} isVisible
 * @property {(round: number) => Promise<void>} ask
 * @property {(error: unknown) => void} onTrouble Undefined: the question was answered.
 */

const everyMs = 500;
const afterTroubleMs = 2_000;

/** @param {PullOptions} options */
export function createPull({ clock, isVisible, ask, onTrouble }) {
  let round = 0;
  /** @type {unknown} */
  let timer;
  let isAsking = false;

  async function tick() {
    clock.clearTimeout(timer);
    timer = undefined;
    if (isAsking || !isVisible()) return;
    isAsking = true;
    let delayMs = everyMs;
    try {
      await ask(round++);
      onTrouble(undefined);
    } catch (error) {
      delayMs = afterTroubleMs;
      onTrouble(error);
    }
    isAsking = false;
    if (isVisible()) timer = clock.setTimeout(tick, delayMs);
  }

  return {
    /** Now, and then at its pace: at the start, when the page is seen again, and when there is something new to ask. */
    now() {
      round = 0;
      tick();
    },
    /** The page is hidden. */
    rest() {
      clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}
