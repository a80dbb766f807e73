// A recording as a film: what each of its actors was in at a moment. A moment is the number of changes that have
// happened: 0 is before the first. Pure.
import { createLog } from "./log.js";

/**
 * @import { ActorSummary } from "../../src/diagnostics/inspection/answers.ts"
 * @import { RecordedActor, Recording } from "../../src/diagnostics/inspection/recording.ts"
 * @import { Log, LogEntry } from "./log.js"
 * @import { Playback } from "./playback.js"
 * @import { Ending, Watched } from "./watched.js"
 *
 * @typedef {object} Member An actor with all its changes, and where in the film each is.
 * @property {RecordedActor} actor
 * @property {Log} log
 * @property {number[]} places
 *
 * @typedef {ReturnType<typeof createFilm>} Film
 */

/** @param {Recording} recording */
export function createFilm({ about, actors, changes, captions = [] }) {
  /** @type {Map<string, Member>} */
  const members = new Map();
  for (const actor of actors)
    members.set(actor.id, { actor, log: createLog({ entriesMax: changes.length }), places: [] });
  for (const [place, { actorId, ...line }] of changes.entries()) {
    const member = members.get(actorId);
    member?.log.add(line);
    member?.places.push(place);
  }
  const everyone = [...members.values()];

  return {
    about,
    length: changes.length,
    hasSeveral: actors.length > 1,
    /**
     * Milliseconds, of the clock of the recording.
     * @param {number} moment
     */
    at: (moment) => changes[Math.max(0, moment - 1)]?.at ?? 0,
    /**
     * The actor that changed last.
     * @param {number} moment
     */
    mover: (moment) => changes[moment - 1]?.actorId,
    /**
     * What was done to the actors last, in words.
     * @param {number} moment
     */
    caption: (moment) => captions.findLast(({ from }) => from < Math.max(1, moment))?.text ?? "",
    /** @param {string} id */
    has: (id) => members.has(id),
    /** The actor to begin with: the one that does most. A gateway always does, and is seldom what a film is about. */
    first: mostActive(everyone.filter(({ actor }) => actor.chart !== "gateway")) ?? actors[0]?.id ?? "",
    /**
     * The actors that live at a moment, oldest first.
     * @param {number} moment
     */
    cast: (moment) => everyone.filter((member) => lives(member, moment)).map((member) => summaryOf(member, moment)),
    /**
     * An actor of the film, as if it were watched: at the moment of the playback, which its log moves.
     * @param {string} id
     * @param {Playback} playback
     */
    watched(id, playback) {
      const member = members.get(id);
      if (!member) return undefined;
      const parent = members.get(member.actor.parentId ?? "");
      const children = everyone.filter(({ actor }) => actor.parentId === id);
      return watchedOf(member, { parent, children }, playback);
    },
  };
}

/** @param {readonly Member[]} members */
const mostActive = (members) => [...members].sort((one, other) => other.places.length - one.places.length)[0]?.actor.id;

/**
 * @param {Member} member
 * @param {{ parent: Member | undefined, children: Member[] }} family
 * @param {Playback} playback
 * @returns {Watched}
 */
function watchedOf(member, { parent, children }, playback) {
  const { id } = member.actor;
  return {
    id,
    isRecorded: true,
    log: logOf(member, playback),
    get detail() {
      const { moment } = playback;
      const living = children.filter((child) => lives(child, moment)).map((child) => summaryOf(child, moment));
      const family = { parent: parent && summaryOf(parent, moment), children: living, childrenTotal: living.length };
      return { ...summaryOf(member, moment), ...family };
    },
    get states() {
      return summaryOf(member, playback.moment).states;
    },
    get ending() {
      const entry = entryAt(member, playback.moment);
      return entry?.type === "ended" ? { how: howOf(entry), at: entry.at, event: entry.event } : undefined;
    },
    get trouble() {
      return entryAt(member, playback.moment) ? undefined : "At this moment it has not begun yet.";
    },
    async refresh() {},
    stop: () => playback.pause(),
  };
}

/**
 * Its log, which always shows the moment of the playback.
 * @param {Member} member
 * @param {Playback} playback
 * @returns {Log}
 */
function logOf(member, playback) {
  const { log, places } = member;
  /** @param {number} index */
  const goTo = (index) => {
    const place = places[Math.min(places.length - 1, Math.max(0, index))];
    playback.pause();
    if (place !== undefined) playback.goTo(place + 1);
  };
  return {
    ...log,
    entries: log.entries,
    dropped: member.actor.dropped ?? 0,
    isPaused: true,
    shown: () => entryAt(member, playback.moment),
    behind: () => log.entries.length - doneOf(member, playback.moment),
    pause: () => playback.pause(),
    resume: () => goTo(places.length - 1),
    step: (count) => goTo(doneOf(member, playback.moment) - 1 + count),
    goTo: (number) => goTo(number - 1),
    // The address of a film names no moment.
    goToTime: () => false,
    clear() {},
  };
}

/**
 * How many of its changes have happened at a moment.
 * @param {Member} member
 * @param {number} moment
 */
function doneOf({ places }, moment) {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {Member} member
 * @param {number} moment
 */
const entryAt = (member, moment) => member.log.entries[doneOf(member, moment) - 1];

/**
 * @param {Member} member
 * @param {number} moment
 */
function lives(member, moment) {
  const entry = entryAt(member, moment);
  return entry !== undefined && entry.type !== "ended";
}

/**
 * @param {Member} member
 * @param {number} moment
 * @returns {ActorSummary}
 */
function summaryOf(member, moment) {
  const { id, chart, names, parentId } = member.actor;
  const bornAt = member.log.entries[0]?.at ?? 0;
  return { id, chart, names, parentId, bornAt, states: entryAt(member, moment)?.states ?? [] };
}

/**
 * @param {LogEntry} entry
 * @returns {Ending["how"]}
 */
const howOf = ({ how }) => (how === "done" || how === "stopped" || how === "error" ? how : "gone");
