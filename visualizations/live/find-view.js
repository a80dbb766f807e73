// The fields by which actors are found. Holds the filter.
import { byId, element } from "/element.js";
import { ages, change, everyone, isEveryone } from "./filter.js";
import { stateWords } from "./format.js";

/**
 * @import { Timers } from "/clock.js"
 * @import { ChartBook } from "./chart-book.js"
 * @import { Filter } from "./filter.js"
 */

const typingMs = 200;

/**
 * @param {object} options
 * @param {ChartBook} options.book
 * @param {Timers} options.clock
 * @param {() => void} options.onChange
 */
export function createFindView({ book, clock, onChange }) {
  const find = byId("find", HTMLInputElement);
  const chart = byId("find-chart", HTMLSelectElement);
  const state = byId("find-state", HTMLSelectElement);
  const age = byId("find-age", HTMLSelectElement);
  const clear = byId("find-clear");
  let filter = everyone;
  /** @type {unknown} */
  let timer;
  let listed = "";

  age.append(...ages.map(({ value, label }) => element("option", { value }, label)));

  /** The states of the chosen kind; they are known when its picture has been read. */
  function listStates() {
    const states = filter.chart === "" ? [] : book.states(filter.chart).filter((id) => id.includes("."));
    state.disabled = filter.chart === "";
    const options = filter.state !== "" && !states.includes(filter.state) ? [...states, filter.state] : states;
    const wanted = options.join(" ");
    if (wanted !== listed || state.options.length === 0) {
      listed = wanted;
      const choices = options.map((id) => element("option", { value: id }, stateWords(id).join(" ").trim()));
      state.replaceChildren(element("option", { value: "" }, "any state"), ...choices);
    }
    state.value = filter.state;
  }

  /** @param {Partial<Filter>} changes */
  function set(changes) {
    clock.clearTimeout(timer);
    filter = change(filter, changes);
    if (find.value !== filter.find) find.value = filter.find;
    chart.value = filter.chart;
    age.value = filter.age;
    listStates();
    clear.hidden = isEveryone(filter);
    onChange();
  }

  find.oninput = () => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => set({ find: find.value }), typingMs);
  };
  chart.onchange = () => set({ chart: chart.value });
  state.onchange = () => set({ state: state.value });
  age.onchange = () => set({ age: age.value });
  clear.onclick = () => {
    set(everyone);
    find.focus();
  };
  byId("find-form").onsubmit = (event) => {
    event.preventDefault();
    set({ find: find.value });
  };

  return {
    filter: () => filter,
    set,
    /** A picture has been read: its states can be chosen now. */
    listStates,
    /** @param {readonly string[]} kinds */
    listKinds(kinds) {
      chart.replaceChildren(...["", ...kinds].map((kind) => element("option", { value: kind }, kind || "any kind")));
      chart.value = filter.chart;
    },
  };
}
