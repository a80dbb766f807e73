// What the watched actor has done, bounded: the newest entries stay, the oldest go, and it says how many. Can be looked
// at as of any entry while recording goes on. Pure.

const defaultEntriesMax = 2_000;

/**
 * An entry: {number, type, at, states, changed, …}; type is "shown", "moved", "gap" or "ended". number goes up by one
 * and is never used again; changed are the states that the actor was not in before.
 */
export function createLog({ entriesMax = defaultEntriesMax } = {}) {
  let entries = [];
  let newest = 0;
  let dropped = 0;
  let lastStates = [];
  /** The number of the entry that is looked at; undefined: always the newest. */
  let lookedAt;

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
    /** Looks so many entries further, or back; stays within what there is. */
    step(count) {
      this.pause();
      if (lookedAt !== undefined) lookedAt = entries[indexOf(entries[indexOf(lookedAt)].number + count)].number;
    },
    goTo(number) {
      if (entries.length > 0) lookedAt = entries[indexOf(number)].number;
    },
    clear() {
      entries = [];
      dropped = 0;
      lookedAt = undefined;
    },
    /** As it is saved to a file. */
    exported(about) {
      return { ...about, entriesMax, entriesDropped: dropped, entries };
    },
  };
}
