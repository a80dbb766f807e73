// The chart of the watched actor: the states it is in are lit, the transitions it takes flash. The picture is the very
// one of the README; nothing is laid out here.
import { around, partsOf } from "./chart-book.js";
import { toneOf } from "./tones.js";

/**
 * @import { Timers } from "/clock.js"
 * @import { ChartBook } from "./chart-book.js"
 */

/** Long enough to be seen among others, short enough that two in a row are two. */
const flashMs = 900;
const scaleMax = 2.5;
/** The pictures' smallest text is 11 px. Below 12 px a part, to be scrolled, is better than the whole. */
const legibleScale = 12 / 11;
const scaleStep = 1.25;
const margin = 24;

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {ChartBook} options.book
 * @param {Timers} options.clock
 * @param {() => boolean} options.isStill does the reader want no movement?
 */
export function createChartView({ root, book, clock, isStill }) {
  /**
   * Groups that flash, each with the timer that ends it.
   * @type {Map<SVGElement, unknown>}
   */
  const flashing = new Map();
  /** @type {SVGSVGElement | undefined} */
  let picture;
  let width = 0;
  let height = 0;
  let scale = 1;
  /**
   * "legible": the whole if it can be read, else the active states; "whole": all of it; "free": as the reader chose.
   * @type {"legible" | "whole" | "free"}
   */
  let mode = "legible";
  let asked = 0;
  /** @type {readonly string[]} */
  let lit = [];

  /**
   * @param {"state" | "transition"} attribute
   * @param {string} value
   */
  const all = (attribute, value) => partsOf(picture, `[data-${attribute}="${CSS.escape(value)}"]`);

  /** @param {number} next */
  function zoomTo(next) {
    scale = Math.min(scaleMax, Math.max(wholeScale(), next));
    if (picture) picture.style.width = `${Math.ceil(width * scale)}px`;
  }

  /** With which all of it can be seen. */
  const wholeScale = () =>
    Math.min(legibleScale, (root.clientWidth - margin) / width, (root.clientHeight - margin) / height);

  function fit() {
    zoomTo(mode === "whole" ? wholeScale() : legibleScale);
  }

  /**
   * Scrolls to what is lit, when none of it can be seen, or in any case.
   * @param {boolean} isSmooth
   * @param {boolean} isAnyway
   */
  function reveal(isSmooth, isAnyway = false) {
    const boxes = lit.flatMap((state) => all("state", state)[0]?.querySelector(".box") ?? []);
    const frame = root.getBoundingClientRect();
    const places = boxes.map((box) => box.getBoundingClientRect());
    /** @param {DOMRect} place */
    const isSeen = ({ top, bottom, left, right }) =>
      top >= frame.top && bottom <= frame.bottom && left >= frame.left && right <= frame.right;
    // What is wrong comes first; of what is as usual any will do.
    const wrong = boxes.findIndex((box) => box.parentElement?.matches(".bad, .warn"));
    const place = places[Math.max(0, wrong)];
    if (!place || (!isAnyway && (wrong >= 0 ? isSeen(place) : places.some(isSeen)))) return;
    root.scrollBy({
      left: place.left + place.width / 2 - frame.left - frame.width / 2,
      top: place.top + place.height / 2 - frame.top - frame.height / 2,
      behavior: isSmooth && !isStill() ? "smooth" : "auto",
    });
  }

  function light() {
    const outer = new Set(lit.flatMap(around));
    for (const group of partsOf(picture, "[data-state]")) {
      const state = group.dataset["state"] ?? "";
      const isLit = lit.includes(state);
      group.classList.toggle("lit", isLit);
      group.classList.toggle("around", outer.has(state));
      for (const tone of ["warn", "bad"]) group.classList.toggle(tone, isLit && tone === toneOf(state));
    }
  }

  new ResizeObserver(() => mode !== "free" && picture && fit()).observe(root);

  return {
    /**
     * False when its picture cannot be had now.
     * @param {string} chart
     */
    async show(chart) {
      const mine = ++asked;
      const next = await book.picture(chart);
      if (mine !== asked) return true;
      picture = next;
      root.replaceChildren(...(next ? [next] : []));
      root.hidden = !next;
      if (!next) return false;
      width = next.width.baseVal.value;
      height = next.height.baseVal.value;
      mode = "legible";
      next.removeAttribute("height");
      fit();
      root.scrollTo(0, 0);
      light();
      reveal(false, true);
      return true;
    },
    /**
     * The states that the actor is in.
     * @param {readonly string[]} states
     * @param {boolean} isSmooth
     */
    light(states, isSmooth) {
      if (states.length === lit.length && states.every((state, index) => state === lit[index])) return;
      lit = states;
      light();
      reveal(isSmooth);
    },
    /**
     * Marks the transitions of the entry that is looked at.
     * @param {readonly string[]} keys
     */
    mark(keys) {
      for (const group of partsOf(picture, ".taken")) group.classList.remove("taken");
      for (const key of keys) for (const group of all("transition", key)) group.classList.add("taken");
    },
    /**
     * Flashes transitions that have just been taken.
     * @param {Iterable<string>} keys
     */
    flash(keys) {
      for (const key of keys)
        for (const group of all("transition", key)) {
          clock.clearTimeout(flashing.get(group));
          group.classList.add("flash");
          const fade = () => {
            flashing.delete(group);
            group.classList.remove("flash");
          };
          flashing.set(group, clock.setTimeout(fade, flashMs));
        }
    },
    /** @param {number} direction above 0: larger */
    zoom(direction) {
      mode = "free";
      zoomTo(direction > 0 ? scale * scaleStep : scale / scaleStep);
    },
    /** Shows all of it, or if it does so already, the active states so that they can be read. */
    fit() {
      mode = mode === "whole" ? "legible" : "whole";
      fit();
      reveal(false, true);
      return mode === "whole";
    },
  };
}
