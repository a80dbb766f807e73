// The tree of actors, as the README shows it, with how many there are of each kind at the moment. A kind can be chosen.
import { setText } from "/element.js";
import { partsOf } from "./chart-book.js";
import { number } from "./format.js";

/**
 * @import { ChartCount } from "../../src/diagnostics/inspection/answers.ts"
 * @import { ChartBook } from "./chart-book.js"
 * @import { Family } from "./tree.js"
 */

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {ChartBook} options.book
 * @param {(chart: string) => void} options.onPick
 */
export function createMapView({ root, book, onPick }) {
  /** @type {SVGSVGElement | undefined} */
  let picture;
  /** @type {ReadonlyMap<string, number>} */
  let counts = new Map();
  /** @type {Family[]} */
  let families = [];

  function fill() {
    for (const text of partsOf(picture, "[data-count]")) {
      const count = counts.get(text.dataset["count"] ?? "") ?? 0;
      setText(text, number(count));
      text.closest(".family")?.classList.toggle("empty", count === 0);
    }
  }

  /**
   * @param {SVGElement} group
   * @param {string} kind
   */
  function makeButton(group, kind) {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.setAttribute("aria-label", `Find every ${kind}`);
    group.onclick = () => onPick(kind);
    group.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onPick(kind);
    };
  }

  return {
    /** Parents first. */
    families: () => families,
    async open() {
      picture = await book.picture("actors");
      if (!picture) return;
      families = [];
      picture.removeAttribute("height");
      picture.setAttribute("role", "group");
      for (const group of partsOf(picture, "[data-kind]")) {
        const { kind = "", parent } = group.dataset;
        families.push({ kind, parent });
        makeButton(group, kind);
      }
      root.replaceChildren(picture);
      fill();
    },
    /** @param {readonly ChartCount[]} charts */
    show(charts) {
      counts = new Map(charts.map(({ chart, count }) => [chart, count]));
      fill();
    },
  };
}
