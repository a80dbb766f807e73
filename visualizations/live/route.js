// The view that the address names: "#/a/<actor>/<run>" or "#/c/<conversation>/<run>", or the start page, and behind a
// "?" the filter, the moment that is looked at and whether a list is shown. The run is the server's start, because
// another start gives the same ids to other actors. Pure.
import { everyone } from "./filter.js";

/**
 * @import { Filter } from "./filter.js"
 *
 * @typedef {"home" | "actor" | "conversation"} Lens
 *
 * @typedef {object} Route
 * @property {Lens} lens
 * @property {string} id Of the actor or the conversation; empty on the start page.
 * @property {number | undefined} startedAt Undefined when the address does not say.
 * @property {Filter | undefined} filter Undefined when the address does not say: it stays as it is.
 * @property {number | undefined} at The moment that is looked at; undefined: now.
 * @property {boolean} isList A list of sentences instead of a diagram.
 */

/** @type {Route} */
export const home = { lens: "home", id: "", startedAt: undefined, filter: undefined, at: undefined, isList: false };

const letters = { actor: "a", conversation: "c" };

/** @param {Partial<Route>} route what it leaves out is as on the start page */
export function hashOf(route) {
  const { lens, id, startedAt, filter, at, isList } = { ...home, ...route };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter ?? {})) if (value.trim() !== "") query.set(name, value);
  if (at !== undefined) query.set("at", String(at));
  if (isList) query.set("view", "list");
  const run = startedAt === undefined ? "" : `/${startedAt.toString(36)}`;
  const path = lens === "home" ? "" : `${letters[lens]}/${encodeURIComponent(id)}${run}`;
  return `#/${path}${query.size > 0 ? `?${query}` : ""}`;
}

/**
 * What a hash names; the start page when it names nothing.
 * @param {string} hash
 * @returns {Route}
 */
export function routeOf(hash) {
  const [path = "", search = ""] = hash.split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const filter = search === "" ? undefined : { ...everyone };
  if (filter)
    for (const name of /** @type {const} */ (["find", "chart", "state", "age"])) filter[name] = query.get(name) ?? "";
  const at = Number(query.get("at") ?? Number.NaN);
  const shared = { filter, at: Number.isFinite(at) ? at : undefined, isList: query.get("view") === "list" };
  const [, letter, encoded, run] = /^#\/([ac])\/([^/]+)(?:\/([0-9a-z]+))?$/.exec(path) ?? [];
  const id = encoded === undefined ? undefined : decoded(encoded);
  if (id === undefined) return { ...home, ...shared };
  const startedAt = run === undefined ? undefined : Number.parseInt(run, 36);
  return { ...shared, lens: letter === "a" ? "actor" : "conversation", id, startedAt };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
