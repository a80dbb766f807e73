// What is searched for among the actors, and how to ask the server for it. Pure.

/**
 * @typedef {{ find: string, chart: string, state: string, age: string }} Filter Empty: anything.
 */

/** @type {Filter} */
export const everyone = { find: "", chart: "", state: "", age: "" };

/** Choices of age: the value of the field, and what it reads. */
export const ages = [
  { value: "", label: "any age" },
  { value: "younger-10000", label: "younger than 10 s" },
  { value: "younger-60000", label: "younger than 1 min" },
  { value: "older-60000", label: "older than 1 min" },
  { value: "older-600000", label: "older than 10 min" },
  { value: "older-3600000", label: "older than 1 h" },
  { value: "older-86400000", label: "older than 1 day" },
];

/**
 * Choosing another kind lets go of the state: it is none of that kind's.
 * @param {Filter} filter
 * @param {Partial<Filter>} changes
 */
export function change(filter, changes) {
  const next = { ...filter, ...changes };
  if (next.state !== "" && !next.state.startsWith(`${next.chart}.`)) next.state = "";
  return next;
}

/** @param {Filter} filter */
export const isEveryone = (filter) => Object.values(filter).every((value) => value.trim() === "");

/**
 * The query of GET /inspect/actors.
 * @param {Filter} filter
 * @param {number} limit
 */
export function queryOf({ find, chart, state, age }, limit) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (find.trim() !== "") query.set("find", find.trim());
  if (chart !== "") query.set("chart", chart);
  if (state !== "") query.set("state", state);
  const [, direction, ms] = /^(older|younger)-(\d+)$/.exec(age) ?? [];
  if (direction !== undefined && ms !== undefined) query.set(`${direction}ThanMs`, ms);
  return query;
}
