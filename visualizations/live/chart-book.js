// The pictures of the charts, read once each, and what stands in them: the states with their descriptions, and the
// events that lead on from each. The pictures are drawn from the machines, so this is what the server does.
import { eventWords, transitionParts } from "./format.js";

/** @param options.api {picture(name) => a promise of the SVG's text} */
export function createChartBook({ api, onRead }) {
  const pages = new Map();

  async function load(chart) {
    // The page draws the charts in its own colours, and its policy forbids styles that stand in the document.
    const text = (await api.picture(chart)).replace(/<style>.*?<\/style>/s, "");
    const { documentElement } = new DOMParser().parseFromString(text, "image/svg+xml");
    return { picture: documentElement, states: statesIn(documentElement) };
  }

  function open(chart) {
    let page = pages.get(chart);
    if (page) return page;
    page = { picture: undefined, states: new Map(), read: undefined };
    pages.set(chart, page);
    page.read = load(chart).then(
      (read) => {
        Object.assign(page, read);
        onRead?.(chart);
      },
      () => {
        // Asked for again the next time that somebody needs it.
        pages.delete(chart);
      },
    );
    return page;
  }

  return {
    /** A copy of the picture, to be put into the document; undefined when it cannot be had. */
    async picture(chart) {
      const page = open(chart);
      await page.read;
      return page.picture && document.importNode(page.picture, true);
    },
    /** {description, isInitial, events}; undefined until the picture has been read. */
    state: (id) => open(id.split(".")[0]).states.get(id),
    /** The states of a chart, outer ones first. */
    states: (chart) => [...open(chart).states.keys()],
  };
}

function statesIn(picture) {
  const states = new Map();
  for (const group of picture.querySelectorAll("[data-state]")) {
    const { state } = group.dataset;
    const description = group.querySelector("title")?.textContent;
    if (description === undefined || states.has(state)) continue;
    states.set(state, { description, isInitial: group.classList.contains("initial"), events: [] });
  }
  for (const group of picture.querySelectorAll("[data-transition]")) {
    const { source, event } = transitionParts(group.dataset.transition);
    const events = states.get(source)?.events;
    const words = eventWords(event);
    // What happens without an event is not waited for.
    if (events && words !== "always" && !events.includes(words)) events.push(words);
  }
  return states;
}

/** The states around a state, outermost first: "connection", "connection.open" for "connection.open.flow". */
export function around(state) {
  const parts = state.split(".");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("."));
}
