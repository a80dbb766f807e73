// Kinds and states with their counts, as a list that can be chosen from.
import { element, setText } from "/element.js";
import { createRows } from "/rows.js";
import { number, stateWords } from "./format.js";
import { rowsOf } from "./tree.js";

/**
 * @import { Row } from "/rows.js"
 * @import { ChartCount } from "../../src/diagnostics/inspection/answers.ts"
 * @import { Choice, Family, Trouble, TreeRow } from "./tree.js"
 */

/**
 * @param {object} options
 * @param {HTMLElement} options.list
 * @param {(choice: Choice) => void} options.onPick
 */
export function createTreeView({ list, onPick }) {
  const showRows = createRows(list, ({ key }) => key, make);

  /**
   * @param {TreeRow} row
   * @returns {Row<TreeRow>}
   */
  function make({ kind, state }) {
    const name = element("span", { class: "tree-name" });
    const troubles = element("span", { class: "tree-troubles" });
    const count = element("span", { class: "tree-count" });
    const button = element("button", { type: "button", class: "tree-button" }, name, troubles, count);
    const showTroubles = createRows(troubles, (trouble) => trouble.state, makeTrouble);
    const [of, word] = stateWords(state);
    if (state === "") setText(name, kind);
    else name.append(element("span", { class: "of" }, of), ` ${word}`);
    return {
      node: element("li", {}, button),
      update(now) {
        button.dataset["depth"] = String(now.depth);
        button.classList.toggle("is-state", state !== "");
        button.classList.toggle("empty", now.count === 0);
        button.setAttribute("aria-pressed", String(now.isChosen));
        button.onclick = () => onPick(now.isChosen ? { chart: "", state: "" } : { chart: kind, state });
        setText(count, number(now.count));
        showTroubles(now.troubles);
      },
    };
  }

  return {
    /**
     * @param {readonly Family[]} families
     * @param {readonly ChartCount[]} charts
     * @param {Choice} chosen
     */
    show: (families, charts, chosen) => showRows(rowsOf(families, charts, chosen)),
  };
}

/**
 * @param {Trouble} trouble
 * @returns {Row<Trouble>}
 */
function makeTrouble({ state, tone }) {
  const node = element("span", { class: `pill ${tone}` });
  return { node, update: ({ count }) => setText(node, `${number(count)} ${stateWords(state)[1]}`) };
}
