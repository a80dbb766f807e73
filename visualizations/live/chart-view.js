// The chart of the watched actor: the states it is in are lit, the transitions it takes flash. The picture is the very
// one of the README; nothing is laid out here.
import { around } from "./chart-book.js";
import { toneOf } from "./tones.js";

/** Long enough to be seen among others, short enough that two in a row are two. */
const flashMs = 900;
const scaleMin = 0.3;
const scaleMax = 2;
/** Below this nobody can read it: then a part of it, to be scrolled, is better than the whole. */
const legibleScale = 0.62;
const scaleStep = 1.25;
const margin = 24;

export function createChartView({ root, book, clock, isStill }) {
  /** Groups that flash, each with the timer that ends it. */
  const flashing = new Map();
  let picture;
  let width = 0;
  let scale = 1;
  let isFitted = true;
  let asked = 0;
  let lit = [];

  const all = (attribute, value) => picture?.querySelectorAll(`[data-${attribute}="${CSS.escape(value)}"]`) ?? [];

  function zoomTo(next) {
    scale = Math.min(scaleMax, Math.max(scaleMin, next));
    if (picture) picture.style.width = `${Math.round(width * scale)}px`;
  }

  function fit() {
    isFitted = true;
    zoomTo(Math.min(1, Math.max(legibleScale, (root.clientWidth - margin) / width)));
  }

  /** Scrolls to what is lit, when none of it can be seen. */
  function reveal(isSmooth) {
    const boxes = lit.map((state) => all("state", state)[0]?.querySelector(".box")).filter(Boolean);
    const frame = root.getBoundingClientRect();
    const places = boxes.map((box) => box.getBoundingClientRect());
    const isSeen = ({ top, bottom, left, right }) =>
      top >= frame.top && bottom <= frame.bottom && left >= frame.left && right <= frame.right;
    // What is wrong comes first; of what is as usual any will do.
    const wrong = boxes.findIndex((box) => box.parentElement.matches(".bad, .warn"));
    const place = places[Math.max(0, wrong)];
    if (!place || (wrong >= 0 ? isSeen(place) : places.some(isSeen))) return;
    root.scrollBy({
      left: place.left + place.width / 2 - frame.left - frame.width / 2,
      top: place.top + place.height / 2 - frame.top - frame.height / 2,
      behavior: isSmooth && !isStill() ? "smooth" : "auto",
    });
  }

  function light(states) {
    const outer = new Set(states.flatMap(around));
    for (const group of picture?.querySelectorAll("[data-state]") ?? []) {
      group.classList.toggle("lit", states.includes(group.dataset.state));
      group.classList.toggle("around", outer.has(group.dataset.state));
      const tone = states.includes(group.dataset.state) ? toneOf(group.dataset.state) : undefined;
      for (const one of ["warn", "bad"]) group.classList.toggle(one, one === tone);
    }
  }

  new ResizeObserver(() => isFitted && picture && fit()).observe(root);

  return {
    /** False when its picture cannot be had now. */
    async show(chart) {
      const mine = ++asked;
      const next = await book.picture(chart);
      if (mine !== asked) return true;
      picture = next;
      root.replaceChildren(...(next ? [next] : []));
      root.hidden = !next;
      if (!next) return false;
      width = next.width.baseVal.value;
      next.removeAttribute("height");
      fit();
      root.scrollTo(0, 0);
      light(lit);
      reveal(false);
      return true;
    },
    /** The states that the actor is in. */
    light(states, isSmooth) {
      if (states.length === lit.length && states.every((state, index) => state === lit[index])) return;
      lit = states;
      light(states);
      reveal(isSmooth);
    },
    /** Marks the transitions of the entry that is looked at. */
    mark(keys) {
      for (const group of picture?.querySelectorAll(".taken") ?? []) group.classList.remove("taken");
      for (const key of keys) for (const group of all("transition", key)) group.classList.add("taken");
    },
    /** Flashes transitions that have just been taken. */
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
    zoom(direction) {
      isFitted = false;
      zoomTo(direction > 0 ? scale * scaleStep : scale / scaleStep);
    },
    fit() {
      fit();
      reveal(false);
    },
  };
}
