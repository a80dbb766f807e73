// Reads a recording from a file. A file comes from anywhere, so each field that is used is checked, and an error names
// the field and what to do. Pure.
import { number } from "./format.js";
import { format, version } from "./recording.js";

/** @import { RecordedActor, RecordedChange, Recording } from "../../src/diagnostics/inspection/recording.ts" */

const charactersMax = 64 * 1024 * 1024;
const types = ["started", "moved", "ended", "shown", "again", "gap"];
const source = "a file that Export, /inspect/records/ID or npm run simulate -- --record has made";

/**
 * Reads a file. @throws Error with a sentence that names the field and the remedy
 * @param {string} text
 * @returns {Recording}
 */
export function readRecording(text) {
  if (text.length > charactersMax)
    throw new Error(`The file has ${number(text.length)} characters: at most ${number(charactersMax)} can be played.`);
  const file = parsed(text);
  if (file["format"] !== format) throw wrong("format", file["format"], `it must be "${format}": choose ${source}`);
  if (file["version"] !== version)
    throw wrong(
      "version",
      file["version"],
      `this page reads version ${version}: open it with the turnwire that made it`,
    );
  const actors = listOf("actors", file["actors"]).map(actorOf);
  const ids = new Set(actors.map(({ id }) => id));
  if (ids.size < actors.length) throw wrong("actors", "two with one id", "each actor must have an id of its own");
  const changes = listOf("changes", file["changes"]).map((change, index) => changeOf(change, index, ids));
  if (changes.length === 0) throw wrong("changes", [], "there is nothing to play: record while something happens");
  const captions = file["captions"] === undefined ? [] : listOf("captions", file["captions"]).map(captionOf);
  const about = file["about"] === undefined ? "" : textOf("about", file["about"]);
  return { format, version, madeAt: numberOf("madeAt", file["madeAt"]), about, actors, changes, captions };
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function parsed(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error(`The file is not JSON: choose ${source}.`);
  }
  return recordOf("The file", file);
}

/**
 * @param {unknown} value
 * @param {number} index
 * @returns {RecordedActor}
 */
function actorOf(value, index) {
  const field = `actors[${index}]`;
  const { id, chart, names = {}, parentId, dropped = 0 } = recordOf(field, value);
  const name = textOf(`${field}.chart`, chart);
  // It becomes part of an address.
  if (!/^[a-z][a-z-]*$/.test(name)) throw wrong(`${field}.chart`, chart, "it must name a chart, as connection");
  const texts = Object.entries(recordOf(`${field}.names`, names)).map(([key, text]) => [
    key,
    textOf(`${field}.names.${key}`, text),
  ]);
  return {
    id: textOf(`${field}.id`, id),
    chart: name,
    names: Object.fromEntries(texts),
    parentId: parentId === undefined ? undefined : textOf(`${field}.parentId`, parentId),
    dropped: numberOf(`${field}.dropped`, dropped),
  };
}

/**
 * What else a change says is kept as it is: another version may know more.
 * @param {unknown} value
 * @param {number} index
 * @param {ReadonlySet<string>} ids
 * @returns {RecordedChange}
 */
function changeOf(value, index, ids) {
  const field = `changes[${index}]`;
  const change = recordOf(field, value);
  const { type, event, from, handled = true } = change;
  const actorId = textOf(`${field}.actorId`, change["actorId"]);
  if (!ids.has(actorId)) throw wrong(`${field}.actorId`, actorId, "it must be the id of one of actors");
  if (!isType(type)) throw wrong(`${field}.type`, type, `it must be one of ${types.join(", ")}`);
  if (type === "moved" || event !== undefined) textOf(`${field}.event`, event);
  if (from !== undefined) textOf(`${field}.from`, from);
  if (typeof handled !== "boolean") throw wrong(`${field}.handled`, handled, "it must be true or false");
  const { declared = "ignores" } = change;
  if (declared !== "ignores" && declared !== "neverGets")
    throw wrong(`${field}.declared`, declared, "it must be ignores or neverGets");
  for (const name of ["transitions", "actions", "refusedBy"])
    if (change[name] !== undefined) textsOf(`${field}.${name}`, change[name]);
  const states = textsOf(`${field}.states`, change["states"]);
  return { ...change, actorId, type, at: numberOf(`${field}.at`, change["at"]), states };
}

/**
 * @param {unknown} type
 * @returns {type is RecordedChange["type"]}
 */
const isType = (type) => typeof type === "string" && types.includes(type);

/**
 * @param {unknown} value
 * @param {number} index
 */
function captionOf(value, index) {
  const { from, text } = recordOf(`captions[${index}]`, value);
  return { from: numberOf(`captions[${index}].from`, from), text: textOf(`captions[${index}].text`, text) };
}

/**
 * @param {string} field
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function recordOf(field, value) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong(field, value, "it must be an object");
}

/**
 * @param {string} field
 * @param {unknown} value
 * @returns {unknown[]}
 */
function listOf(field, value) {
  if (Array.isArray(value)) return value;
  throw wrong(field, value, "it must be a list");
}

/**
 * @param {string} field
 * @param {unknown} value
 */
const textsOf = (field, value) => listOf(field, value).map((text, index) => textOf(`${field}[${index}]`, text));

/**
 * @param {string} field
 * @param {unknown} value
 */
function textOf(field, value) {
  if (typeof value === "string") return value;
  throw wrong(field, value, "it must be a text");
}

/**
 * @param {string} field
 * @param {unknown} value
 */
function numberOf(field, value) {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw wrong(field, value, "it must be a number");
}

/**
 * @param {string} field
 * @param {unknown} value
 * @param {string} remedy
 */
function wrong(field, value, remedy) {
  const text = JSON.stringify(value) ?? "missing";
  return new Error(`${field} is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}: ${remedy}.`);
}
