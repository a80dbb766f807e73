// What the watched actor has done, bounded: the newest entries stay, the oldest go, and it says how many. Can be looked
// at as of any entry while recording goes on. Pure.

/**
 * @typedef {object} LogLine
 * @property {"shown" | "again" | "started" | "moved" | "gap" | "ended"} type "again": shown anew after a gap.
 * @property {number} at
 * @property {string[]} [states]
 * @property {string | undefined} [event]
 * @property {string | undefined} [from]
 * @property {boolean} [handled]
 * @property {string[]} [transitions]
 * @property {string[]} [actions]
 * @property {string[]} [refusedBy] The guards that refused an event that was not handled.
 * @property {"ignores" | "neverGets" | undefined} [declared] What the chart says of an event that was not handled.
 * @property {string} [how]
 * @property {unknown} [payload]
 *
 * @typedef {object} Placed
 * @property {number} number Goes up by one and is never used again.
 * @property {string[]} states
 * @property {string[]} changed The states that the actor was not in before.
 *
 * @typedef {LogLine & Placed} LogEntry
 * @typedef {ReturnType<typeof createLog>} Log
 */

const defaultEntriesMax = 2_000;

export function createLog({ entriesMax = defaultEntriesMax } = {}) {
  /** @type {LogEntry[]} */
  let entries = [];
  let newest = 0;
  let dropped = 0;
  /** @type {string[]} */
  let lastStates = [];
  /**
   * The number of the entry that is looked at; undefined: always the newest.
   * @type {number | undefined}
   */
  let lookedAt;

  /**
   * The entry with this number, or the one nearest to it.
   * @param {number} number
   */
  const indexOf = (number) => {
    const [first] = entries;
    return first === undefined ? -1 : Math.min(Math.max(number - first.number, 0), entries.length - 1);
  };

  return {
    entriesMax,
    get entries() {
      return entries;
    },
    /** How many have gone for want of room. */
    get dropped() {
      return dropped;
    },
    get isPaused() {
      return lookedAt !== undefined;
    },
    /** @param {LogLine} line */
    add(line) {
      const states = line.states ?? lastStates;
      newest += 1;
      const changed = states.filter((state) => !lastStates.includes(state));
      const entry = { ...line, number: newest, states, changed };
      lastStates = states;
      entries.push(entry);
      if (entries.length > entriesMax) {
        entries.shift();
        dropped += 1;
      }
      return entry;
    },
    /** The entry that is looked at; undefined while there is none. */
    shown() {
      return lookedAt === undefined ? entries.at(-1) : entries[indexOf(lookedAt)];
    },
    /** How many have come since the one that is looked at. */
    behind() {
      return lookedAt === undefined ? 0 : entries.length - 1 - indexOf(lookedAt);
    },
    pause() {
      lookedAt ??= entries.at(-1)?.number;
    },
    resume() {
      lookedAt = undefined;
    },
    /**
     * Looks so many entries further, or back; stays within what there is.
     * @param {number} count
     */
    step(count) {
      const from = this.shown();
      if (from) this.goTo(from.number + count);
    },
    /** @param {number} number */
    goTo(number) {
      lookedAt = entries[indexOf(number)]?.number;
    },
    /**
     * Looks at the last entry up to this time. False when it is before all that is here.
     * @param {number} at
     */
    goToTime(at) {
      const entry = entries.findLast((one) => one.at <= at);
      if (entry) lookedAt = entry.number;
      return entry !== undefined;
    },
    clear() {
      entries = [];
      dropped = 0;
      lookedAt = undefined;
    },
  };
}
