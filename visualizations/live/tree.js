// The actors by kind and state, as rows of a table: what an operator reads first. Pure.
import { toneOf } from "./tones.js";

/**
 * @param families [{kind, parent}] in the order of the picture, parents first
 * @param charts of GET /inspect/overview
 * @param chosen the filter: the kind that is chosen shows its states
 * @returns rows {key, kind, state, depth, count, troubles: [{state, tone, count}], isChosen}
 */
export function rowsOf(families, charts, chosen) {
  const counted = new Map(charts.map((chart) => [chart.chart, chart]));
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

function stateRows(kind, states, depth, chosen) {
  // The chosen one stays in sight when nobody is in it at the moment.
  const shown = chosen.state !== "" && !(chosen.state in states) ? { ...states, [chosen.state]: 0 } : states;
  return Object.entries(shown).map(([state, count]) => {
    const isChosen = chosen.state === state;
    return { key: state, kind, state, depth, count, troubles: [], isChosen };
  });
}

function troublesOf(states) {
  const found = Object.entries(states).map(([state, count]) => ({ state, count, tone: toneOf(state) }));
  return found.filter(({ tone, count }) => tone !== undefined && count > 0);
}
