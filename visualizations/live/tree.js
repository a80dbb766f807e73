// The actors by kind and state, as rows of a table: what an operator reads first. Pure.
import { toneOf } from "./tones.js";

/**
 * @import { ChartCount } from "../../src/diagnostics/inspection/answers.ts"
 *
 * @typedef {{ kind: string, parent: string | undefined }} Family
 * @typedef {{ state: string, tone: string, count: number }} Trouble
 * @typedef {{ chart: string, state: string }} Choice
 *
 * @typedef {object} TreeRow
 * @property {string} key
 * @property {string} kind
 * @property {string} state Empty: the row is about the kind as a whole.
 * @property {number} depth
 * @property {number} count
 * @property {Trouble[]} troubles
 * @property {boolean} isChosen
 */

/**
 * @param {readonly Family[]} families in the order of the picture, parents first
 * @param {readonly ChartCount[]} charts
 * @param {Choice} chosen the kind that is chosen shows its states
 * @returns {TreeRow[]}
 */
export function rowsOf(families, charts, chosen) {
  const counted = new Map(charts.map((chart) => [chart.chart, chart]));
  /** @type {Map<string, number>} */
  const depths = new Map();
  const known = new Set(families.map(({ kind }) => kind));
  // A kind that the picture does not know is shown all the same.
  const others = charts
    .filter(({ chart }) => !known.has(chart))
    .map(({ chart }) => ({ kind: chart, parent: undefined }));
  return [...families, ...others].flatMap(({ kind, parent }) => {
    const depth = parent === undefined ? 0 : (depths.get(parent) ?? 0) + 1;
    depths.set(kind, depth);
    const { count, states } = counted.get(kind) ?? { count: 0, states: {} };
    const isChosen = chosen.chart === kind;
    const row = {
      key: kind,
      kind,
      state: "",
      depth,
      count,
      troubles: troublesOf(states),
      isChosen: isChosen && chosen.state === "",
    };
    return isChosen ? [row, ...stateRows(kind, states, depth + 1, chosen)] : [row];
  });
}

/**
 * @param {string} kind
 * @param {Record<string, number>} states
 * @param {number} depth
 * @param {Choice} chosen
 * @returns {TreeRow[]}
 */
function stateRows(kind, states, depth, chosen) {
  // The chosen one stays in sight when nobody is in it at the moment.
  const shown = chosen.state !== "" && !(chosen.state in states) ? { ...states, [chosen.state]: 0 } : states;
  return Object.entries(shown).map(([state, count]) => {
    const isChosen = chosen.state === state;
    return { key: state, kind, state, depth, count, troubles: [], isChosen };
  });
}

/** @param {Record<string, number>} states */
const troublesOf = (states) =>
  Object.entries(states).flatMap(([state, count]) => {
    const tone = toneOf(state);
    return tone !== undefined && count > 0 ? [{ state, count, tone }] : [];
  });
