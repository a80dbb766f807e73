// Kinds and states with their counts, as a list that can be chosen from.
import { element, setText } from "/element.js";
import { number, stateWords } from "./format.js";
import { reconcile } from "./reconcile.js";
import { rowsOf } from "./tree.js";

/** @param options.onPick ({chart, state}) */
export function createTreeView({ list, onPick }) {
  function make({ kind, state }) {
    const name = element("span", { class: "tree-name" });
    const troubles = element("span", { class: "tree-troubles" });
    const count = element("span", { class: "tree-count" });
    const button = element("button", { type: "button", class: "tree-button" }, name, troubles, count);
    const row = element("li", {}, button);
    if (state === "") setText(name, kind);
    else name.append(element("span", { class: "of" }, stateWords(state)[0]), ` ${stateWords(state)[1]}`);
    row.update = (now) => {
      button.dataset.depth = String(now.depth);
      button.classList.toggle("is-state", state !== "");
      button.classList.toggle("empty", now.count === 0);
      button.setAttribute("aria-pressed", String(now.isChosen));
      button.onclick = () => onPick(now.isChosen ? { chart: "", state: "" } : { chart: kind, state });
      setText(count, number(now.count));
      reconcile(troubles, now.troubles, (trouble) => trouble.state, makeTrouble);
    };
    return row;
  }

  function makeTrouble({ state, tone }) {
    const node = element("span", { class: `pill ${tone}` });
    node.update = ({ count }) => setText(node, `${number(count)} ${stateWords(state)[1]}`);
    return node;
  }

  return {
    show: (families, charts, chosen) => reconcile(list, rowsOf(families, charts, chosen), ({ key }) => key, make),
  };
}
