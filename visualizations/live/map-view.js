// The tree of actors, as the README shows it, with how many there are of each kind at the moment. A kind can be chosen.
import { number } from "./format.js";

export function createMapView({ root, book, onPick }) {
  let picture;
  let counts = new Map();
  let families = [];

  function fill() {
    for (const text of picture?.querySelectorAll("[data-count]") ?? []) {
      const count = counts.get(text.dataset.count) ?? 0;
      const words = number(count);
      if (text.textContent !== words) text.textContent = words;
      text.closest(".family").classList.toggle("empty", count === 0);
    }
  }

  return {
    /** [{kind, parent}], parents first. */
    families: () => families,
    async open() {
      picture = await book.picture("actors");
      if (!picture) return;
      families = [];
      picture.removeAttribute("height");
      picture.setAttribute("role", "group");
      for (const group of picture.querySelectorAll("[data-kind]")) {
        const { kind, parent } = group.dataset;
        families.push({ kind, parent });
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
      root.replaceChildren(picture);
      fill();
    },
    show(charts) {
      counts = new Map(charts.map(({ chart, count }) => [chart, count]));
      fill();
    },
  };
}
