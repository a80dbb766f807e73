// Plays a film: the moment that is looked at, and its going on by itself. Long waits are cut short, and what happened
// in one millisecond is told apart: somebody shall see it. Pure.

/**
 * @import { Timers } from "/clock.js"
 *
 * @typedef {object} PlaybackOptions
 * @property {Timers} clock
 * @property {number} length how many changes there are
 * @property {(moment: number) => number} at milliseconds at a moment
 * @property {() => void} onChange
 *
 * @typedef {ReturnType<typeof createPlayback>} Playback
 */

export const speeds = [0.25, 1, 4, 16, 64];

const changeMsMin = 80;
const changeMsMax = 1_000;
/** What follows sooner is shown with the same picture. */
const pictureMs = 16;

/** @param {PlaybackOptions} options */
export function createPlayback({ clock, length, at, onChange }) {
  let moment = 0;
  let speed = 1;
  let isPlaying = false;
  /** @type {unknown} */
  let timer;

  /** How long the change after this moment is waited for. */
  const waitMs = () => Math.min(changeMsMax, Math.max(changeMsMin, at(moment + 1) - at(moment))) / speed;

  function schedule(delayMs = waitMs()) {
    clock.clearTimeout(timer);
    if (isPlaying) timer = clock.setTimeout(advance, delayMs);
  }

  function advance() {
    let ms = 0;
    do {
      moment += 1;
      ms += waitMs();
    } while (moment < length && ms < pictureMs);
    isPlaying = moment < length;
    schedule(ms);
    onChange();
  }

  /** @param {number} next */
  function goTo(next) {
    moment = Math.min(length, Math.max(0, next));
    if (moment === length) isPlaying = false;
    schedule();
    onChange();
  }

  return {
    get moment() {
      return moment;
    },
    get isPlaying() {
      return isPlaying;
    },
    get speed() {
      return speed;
    },
    /** @param {number} next */
    setSpeed(next) {
      speed = next;
      schedule();
    },
    goTo,
    /** @param {number} count */
    step(count) {
      isPlaying = false;
      goTo(moment + count);
    },
    /** From the beginning again, when it is at its end. */
    play() {
      isPlaying = true;
      goTo(moment === length ? 0 : moment);
    },
    pause() {
      isPlaying = false;
      goTo(moment);
    },
  };
}
