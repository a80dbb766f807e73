// Recordings as files: what the page saves. Pure.

/**
 * @import { Recording } from "../../src/diagnostics/inspection/recording.ts"
 * @import { LogEntry } from "./log.js"
 * @import { Detail, Ending } from "./watched.js"
 */

export const format = "turnwire-recording";
/** A page reads the files of its own version only. */
export const version = 1;

/**
 * The recording of one watched actor, as it is saved.
 * @param {object} parts
 * @param {number} parts.madeAt
 * @param {string} parts.id
 * @param {Pick<Detail, "chart" | "names" | "parentId"> | undefined} parts.detail
 * @param {Ending | undefined} parts.ending
 * @param {readonly LogEntry[]} parts.entries
 * @param {number} parts.dropped
 * @returns {Recording}
 */
export function recordingOf({ madeAt, id, detail, ending, entries, dropped }) {
  const { chart = "actor", names = {}, parentId } = detail ?? {};
  const changes = entries.map(({ number: _number, changed: _changed, ...line }) => ({ ...line, actorId: id }));
  const last = entries.at(-1);
  // Where the stream has not brought the end.
  if (ending && last && last.type !== "ended")
    changes.push({ ...ending, type: "ended", states: last.states, actorId: id });
  return {
    ...{ format, version, madeAt, about: `${chart} ${id}` },
    actors: [{ id, chart, names, parentId, dropped }],
    changes,
  };
}
