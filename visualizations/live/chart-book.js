// The pictures of the charts, read once each, and what stands in them: the states with their descriptions, and the
// events that lead on from each. The pictures are drawn from the machines, so this is what the server does.
import { eventWords, transitionParts } from "./format.js";

/**
 * @import { Api } from "./api.js"
 *
 * @typedef {{ description: string, isInitial: boolean, events: string[] }} ChartState
 * @typedef {{ picture: SVGSVGElement, states: Map<string, ChartState> }} Chart
 * @typedef {ReturnType<typeof createChartBook>} ChartBook
 */

/**
 * @param {object} options
 * @param {Pick<Api, "picture">} options.api
 * @param {() => void} options.onRead one more has been read
 */
export function createChartBook({ api, onRead }) {
  /** @type {Map<string, Promise<Chart | undefined>>} */
  const readings = new Map();
  /** @type {Map<string, Chart>} */
  const charts = new Map();

  /** @param {string} name */
  async function read(name) {
    let chart;
    try {
      chart = chartIn(await api.picture(name));
    } catch {
      // Asked for again the next time that somebody needs it.
      readings.delete(name);
      return undefined;
    }
    charts.set(name, chart);
    onRead();
    return chart;
  }

  /** @param {string} name */
  function open(name) {
    const reading = readings.get(name) ?? read(name);
    readings.set(name, reading);
    return reading;
  }

  /** @param {string} name */
  function known(name) {
    open(name);
    return charts.get(name)?.states;
  }

  return {
    /**
     * A copy of the picture, to be put into the document; undefined when it cannot be had.
     * @param {string} name
     */
    async picture(name) {
      const chart = await open(name);
      return chart && document.importNode(chart.picture, true);
    },
    /**
     * Undefined until the picture has been read.
     * @param {string} id
     */
    state: (id) => known(id.split(".")[0] ?? id)?.get(id),
    /**
     * The states of a chart, outer ones first; none until the picture has been read.
     * @param {string} name
     */
    states: (name) => [...(known(name)?.keys() ?? [])],
  };
}

/**
 * The elements of a picture that a selector finds.
 * @param {Element | undefined} picture
 * @param {string} selector
 */
export const partsOf = (picture, selector) =>
  [...(picture?.querySelectorAll(selector) ?? [])].filter((part) => part instanceof SVGElement);

/**
 * @param {string} text
 * @returns {Chart}
 */
function chartIn(text) {
  // The page draws the charts in its own colours, and its policy forbids styles that stand in the document.
  const bare = text.replace(/<style>.*?<\/style>/s, "");
  const picture = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
  if (!(picture instanceof SVGSVGElement)) throw new Error("the picture of a chart is no SVG");
  return { picture, states: statesIn(picture) };
}

/** @param {SVGSVGElement} picture */
function statesIn(picture) {
  /** @type {Map<string, ChartState>} */
  const states = new Map();
  for (const group of partsOf(picture, "[data-state]")) {
    const state = group.dataset["state"] ?? "";
    const description = group.querySelector("title")?.textContent;
    if (description == null || states.has(state)) continue;
    states.set(state, { description, isInitial: group.classList.contains("initial"), events: [] });
  }
  for (const group of partsOf(picture, "[data-transition]")) {
    const { source, event } = transitionParts(group.dataset["transition"] ?? "");
    const events = states.get(source)?.events;
    const words = eventWords(event);
    // What happens without an event is not waited for.
    if (events && words !== "always" && !events.includes(words)) events.push(words);
  }
  return states;
}

/**
 * The states around a state, outermost first: "connection", "connection.open" for "connection.open.flow".
 * @param {string} state
 */
export function around(state) {
  const parts = state.split(".");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("."));
}
